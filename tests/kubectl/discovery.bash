shows 'Kubernetes' cluster-info
shows 'v1.36' version
shows 'apps/v1' api-versions
shows 'deployments' api-resources
shows 'deploy' api-resources --api-group=apps
shows 'ok' get --raw /healthz
shows '[+]store ok' get --raw '/readyz?verbose'
shows '"gitVersion"' get --raw /version
shows 'containers' explain pod.spec
shows 'replicas' explain deployment.spec
fails 'server doesn'"'"'t have a resource type "nothings"' get nothings
