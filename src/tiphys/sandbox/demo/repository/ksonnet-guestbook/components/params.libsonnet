{
  global: {},
  components: {
    'guestbook-web': {
      name: 'ksonnet-guestbook',
      image: 'nginx:1.28-alpine',
      replicas: 1,
      port: 80,
    },
  },
}
