// This environment's parameters: those of the components, with what differs here.
local globals = import 'globals.libsonnet';
local params = std.extVar('__ksonnet/params') + {
  components+: {
    'guestbook-web'+: {
      image: 'nginx:1.29-alpine',
    },
  },
};

{
  components: {
    [name]: params.components[name] + globals
    for name in std.objectFields(params.components)
  },
}
