{
  name: 'jsonnet-guestbook',
  image: 'nginx:1.29-alpine',
  replicas: 1,
  port: 80,
}
