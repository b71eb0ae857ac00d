// A function: the application gives its top-level arguments, all of which have defaults, and the
// external variable `greeting`.
function(name='guestbook', image='nginx:1.29-alpine', replicas=1) (
  local labels = { app: name };
  {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: name + '-settings' },
        data: { GREETING: std.extVar('greeting') },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: name },
        spec: {
          replicas: replicas,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels: labels },
            spec: {
              containers: [{
                name: 'web',
                image: image,
                envFrom: [{ configMapRef: { name: name + '-settings' } }],
              }],
            },
          },
        },
      },
    ],
  }
)
