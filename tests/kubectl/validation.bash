# What a server says of objects that are wrong: kind, field, words.
# refused TEXT <<Y: creating it must fail and say TEXT. The client looks at
# nothing itself.
refused() {
  local text=$1
  # What begins with a brace would be taken for JSON.
  { echo ---; cat; } >wrong.yaml
  fails "$text" create --validate=false -f wrong.yaml
}

refused 'spec.maxReplicas: Invalid value: 0: must be greater than 0' <<'Y'
{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {maxReplicas: 0,
  scaleTargetRef: {kind: Deployment, name: d}}}
Y
refused 'spec.scaleTargetRef.name: Required value' <<'Y'
{apiVersion: autoscaling/v2beta2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {maxReplicas: 1,
  scaleTargetRef: {kind: Deployment, name: ""}}}
Y
refused 'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`' <<'Y'
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {},
  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]}}
Y
refused 'spec: Required value: must specify a volume type' <<'Y'
{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce],
  capacity: {storage: 1Gi}}}
Y
refused 'spec.accessModes: Required value: at least 1 access mode is required' <<'Y'
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {resources: {requests: {storage: 1Gi}}}}
Y
refused 'provisioner: Required value' <<'Y'
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: ""}
Y
refused 'spec.source: Required value: must specify exactly one of' <<'Y'
{apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {name: a}, spec: {attacher: d.example.com,
  nodeName: node-1, source: {}}}
Y
refused 'spec.drivers[0].nodeID: Required value' <<'Y'
{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: a}, spec: {drivers: [{name: d}]}}
Y
refused "only the schema named 'exempt' may have matchingPrecedence 1" <<'Y'
{apiVersion: flowcontrol.apiserver.k8s.io/v1beta1, kind: FlowSchema, metadata: {name: a}, spec: {
  matchingPrecedence: 1, priorityLevelConfiguration: {name: l}}}
Y
refused "spec of 'catch-all' must equal the fixed value" <<'Y'
{apiVersion: flowcontrol.apiserver.k8s.io/v1beta1, kind: FlowSchema, metadata: {name: catch-all}, spec: {
  matchingPrecedence: 7, priorityLevelConfiguration: {name: l}}}
Y
refused 'spec.limits[0].type: Invalid value: "Foo": must be a standard limit type or fully qualified' <<'Y'
{apiVersion: v1, kind: LimitRange, metadata: {name: a}, spec: {limits: [{type: Foo}]}}
Y
refused 'spec.containers[0].resources: Forbidden: HugePages require cpu or memory' <<'Y'
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i,
  resources: {limits: {hugepages-2Mi: 2Mi}}}]}}
Y
refused 'spec.volumes[0].iscsi.iqn: Invalid value: "abc": must be valid format starting with iqn, eui, or naa' <<'Y'
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}],
  volumes: [{name: v, iscsi: {targetPortal: t, iqn: abc, lun: 0}}]}}
Y
refused 'error converting fieldPath: field label not supported: spec.image' <<'Y'
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}],
  volumes: [{name: v, downwardAPI: {items: [{path: p, fieldRef: {fieldPath: spec.image}}]}}]}}
Y
refused 'spec.runAsUser.rule: Unsupported value: "Any": supported values: "MustRunAs", "MustRunAsNonRoot", "RunAsAny"' <<'Y'
{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: a}, spec: {runAsUser: {rule: Any},
  seLinux: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}}}
Y
refused 'spec.restartPolicy: Unsupported value: "Once": supported values: "Always", "OnFailure", "Never"' <<'Y'
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {restartPolicy: Once, containers: [{name: c, image: i}]}}
Y
refused 'spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"' <<'Y'
{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Always,
  containers: [{name: c, image: i}]}}}}
Y
refused 'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun' <<'Y'
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: a}, webhooks: [
  {name: a.example.com, clientConfig: {url: "https://a"}, admissionReviewVersions: [v1]}]}
Y

# The claims of a StatefulSet are volumes of its pods.
k create -f - <<'Y'
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: claims}, spec: {serviceName: claims, replicas: 0,
  selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i,
  volumeMounts: [{name: data, mountPath: /data}]}]}}, volumeClaimTemplates: [{metadata: {name: data},
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}
Y
k delete statefulset claims

# What a patch makes.
k create configmap patched
fails 'cannot restore map from string' patch configmap patched -p '{"metadata":{"labels":"x"}}'
k delete configmap patched

# What may not change.
k create -f - <<'Y'
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: kept}, spec: {accessModes: [ReadWriteOnce],
  resources: {requests: {storage: 1Gi}}}}
Y
fails 'spec: Forbidden: spec is immutable after creation except resources.requests' \
  patch pvc kept -p '{"spec":{"accessModes":["ReadOnlyMany"]}}'
k delete pvc kept

# Applied in an older version, owned in it, and in conflict with a newer one.
cat >older.yaml <<'Y'
---
{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {maxReplicas: 3,
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}}}
Y
sed 's/maxReplicas: 3/maxReplicas: 4/; s,autoscaling/v1,autoscaling/v2beta2,' older.yaml >newer.yaml
shows 'serverside-applied' apply --server-side --field-manager=one -f older.yaml
shows 'autoscaling/v1' get hpa.v1.autoscaling h -o 'jsonpath={.metadata.managedFields[0].apiVersion}'
fails 'conflict with "one": .spec.maxReplicas' apply --server-side --field-manager=two -f newer.yaml
shows 'serverside-applied' apply --server-side --force-conflicts --field-manager=two -f newer.yaml
[[ $(k get hpa.v1.autoscaling h -o 'jsonpath={.metadata.managedFields[*].apiVersion}') == *v2beta2* ]]
k delete hpa h
