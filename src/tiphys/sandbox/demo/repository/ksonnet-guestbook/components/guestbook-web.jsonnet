local params = std.extVar('__ksonnet/params').components['guestbook-web'];
local labels = { app: params.name };

[
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: params.name },
    spec: {
      selector: labels,
      ports: [{ name: 'http', port: params.port, targetPort: 'http' }],
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: params.name },
    spec: {
      replicas: params.replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: labels },
        spec: {
          containers: [{
            name: 'web',
            image: params.image,
            ports: [{ name: 'http', containerPort: params.port }],
          }],
        },
      },
    },
  },
]
