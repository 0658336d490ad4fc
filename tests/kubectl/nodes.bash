k cordon node-3
shows 'SchedulingDisabled' get node node-3
k drain node-3 --ignore-daemonsets --force
k uncordon node-3
k taint node node-3 a=b:NoSchedule
shows 'a=b:NoSchedule' describe node node-3
k taint node node-3 a-
k label node node-3 x=y
[[ $(k get nodes -l x=y -o name) == node/node-3 ]]
k label node node-3 x-
