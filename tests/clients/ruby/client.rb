# Uses the API as a program in Ruby does. KUBECONFIG says where, NAMESPACE whose.

require 'kubeclient'
require 'timeout'

NAMESPACE = ENV.fetch('NAMESPACE')
CONTEXT = Kubeclient::Config.read(ENV.fetch('KUBECONFIG')).context

def client_of(path, version)
  Kubeclient::Client.new(CONTEXT.api_endpoint + path, version,
                         ssl_options: CONTEXT.ssl_options,
                         auth_options: CONTEXT.auth_options)
end

CORE = client_of('', 'v1')
APPS = client_of('/apis/apps', 'v1')

def check(holds, what)
  raise "does not hold: #{what}" unless holds
end

def wait_until
  sleep 0.02 until yield
end

def config_map(name, data)
  Kubeclient::Resource.new(metadata: { name: name, namespace: NAMESPACE },
                           data: data)
end

def creates_and_patches
  CORE.create_config_map(config_map('one', { a: '1' }))
  begin
    CORE.create_config_map(config_map('one', {}))
    raise 'not refused'
  rescue Kubeclient::HttpError => e
    check(e.error_code == 409, e.to_s)
  end
  CORE.patch_config_map('one', { data: { b: '2' } }, NAMESPACE)
  got = CORE.get_config_map('one', NAMESPACE)
  check(got.data.to_h == { a: '1', b: '2' }, got.data.to_h)
  got.data = { c: '3' }
  CORE.update_config_map(got)
  all = CORE.get_config_maps(namespace: NAMESPACE)
  check(all.any? { |x| x.metadata.name == 'one' }, 'list')
  begin
    CORE.get_config_map('none', NAMESPACE)
    raise 'not refused'
  rescue Kubeclient::ResourceNotFoundError
    nil
  end
end

def watches
  since = CORE.get_config_maps(namespace: NAMESPACE).resourceVersion
  CORE.create_config_map(config_map('two', {}))
  CORE.delete_config_map('two', NAMESPACE)
  seen = []
  watcher = CORE.watch_config_maps(namespace: NAMESPACE,
                                   resource_version: since)
  watcher.each do |notice|
    seen << notice.type if notice.object.metadata.name == 'two'
    watcher.finish if seen.size == 2
  end
  check(seen == %w[ADDED DELETED], seen)
end

def runs_pods
  CORE.create_pod(Kubeclient::Resource.new(
    metadata: { name: 'shell', namespace: NAMESPACE },
    spec: { terminationGracePeriodSeconds: 0,
            containers: [{ name: 'main', image: 'any',
                           command: ['sh', '-c',
                                     'echo one; echo two; exec sleep 600'] }] }
  ))
  wait_until { CORE.get_pod('shell', NAMESPACE).status.phase == 'Running' }
  wait_until { CORE.get_pod_log('shell', NAMESPACE).to_s == "one\ntwo\n" }
  tail = CORE.get_pod_log('shell', NAMESPACE, tail_lines: 1).to_s
  check(tail == "two\n", tail)
  watcher = CORE.watch_pod_log('shell', NAMESPACE, container: 'main')
  lines = []
  watcher.each do |line|
    lines << line
    watcher.finish if lines.size == 2
  end
  check(lines == %w[one two], lines)
  CORE.delete_pod('shell', NAMESPACE)
end

def scales
  APPS.create_deployment(Kubeclient::Resource.new(
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { replicas: 1, selector: { matchLabels: { app: 'web' } },
            template: { metadata: { labels: { app: 'web' } },
                        spec: { terminationGracePeriodSeconds: 0,
                                containers: [{ name: 'main', image: 'any',
                                               command: %w[sleep 600] }] } } }
  ))
  APPS.patch_deployment('web', { spec: { replicas: 2 } }, NAMESPACE)
  wait_until do
    APPS.get_deployment('web', NAMESPACE).status.readyReplicas == 2
  end
  APPS.delete_deployment('web', NAMESPACE)
end

Timeout.timeout(100) do
  %i[creates_and_patches watches runs_pods scales].each do |part|
    puts part
    send(part)
  end
end
