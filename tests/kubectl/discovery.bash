shows 'Kubernetes' cluster-info
shows 'v1.36' version
shows 'apps/v1' api-versions
shows 'deployments' api-resources
shows 'deploy' api-resources --api-group=apps
shows 'ok' get --raw /healthz
shows '[+]etcd ok' get --raw '/readyz?verbose'
shows '[+]poststarthook/rbac/bootstrap-roles ok' get --raw '/readyz?verbose'
shows '[+]informer-sync ok' get --raw '/readyz?verbose'
shows 'ok' get --raw /livez/poststarthook/bootstrap-controller
shows 'ok' get --raw /livez/ping
shows 'ok' get --raw /healthz/etcd
shows '[+]etcd excluded: ok' get --raw '/readyz?verbose&exclude=etcd'
shows 'no matches for "nothing"' get --raw '/readyz?verbose&exclude=nothing'
shows '"gitVersion"' get --raw /version
shows 'containers' explain pod.spec
shows 'replicas' explain deployment.spec
fails 'server doesn'"'"'t have a resource type "nothings"' get nothings
