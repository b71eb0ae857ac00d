"""Which custom resource is checked how: `group/Kind`, where `*` globs a group or a kind.

Source: the documentation of the projects, by group; see `operators` for what the checks say.
"""

from typing import Final

from tiphys.engine.health.operators import (
    analysis,
    application_set,
    certificate,
    cloned_workload,
    cluster_api,
    cnpg,
    crossplane,
    elastic,
    flux,
    gateway,
    knative,
    node_claim,
    phases,
    prometheus,
    ready,
    rollout,
    route,
    scaled_object,
    sealed_secret,
    strimzi,
    subscription,
    volume_snapshot,
    workflow,
)
from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    SUSPENDED,
    Check,
    Row,
    absent,
    always,
    check,
    condition,
    field,
)

CATALOGUE: Final[dict[str, Check]] = {
    # argoproj.io
    "argoproj.io/AnalysisRun": analysis,
    "argoproj.io/ApplicationSet": application_set,
    "argoproj.io/Experiment": analysis,
    "argoproj.io/Rollout": rollout,
    "argoproj.io/Workflow": workflow,
    # cert-manager.io
    "cert-manager.io/Certificate": certificate,
    "cert-manager.io/CertificateRequest": ready(busy=("Pending",)),
    "cert-manager.io/ClusterIssuer": ready(),
    "cert-manager.io/Issuer": ready(),
    # external-secrets.io
    "external-secrets.io/ClusterExternalSecret": ready(),
    "external-secrets.io/ClusterSecretStore": ready(),
    "external-secrets.io/ExternalSecret": ready(),
    "external-secrets.io/PushSecret": ready(),
    "external-secrets.io/SecretStore": ready(),
    # bitnami-labs/sealed-secrets
    "bitnami.com/SealedSecret": sealed_secret,
    # gateway-api.sigs.k8s.io
    "gateway.networking.k8s.io/Gateway": gateway,
    "gateway.networking.k8s.io/GatewayClass": ready("Accepted", busy=("Pending", "Waiting")),
    "gateway.networking.k8s.io/GRPCRoute": route,
    "gateway.networking.k8s.io/HTTPRoute": route,
    "gateway.networking.k8s.io/TCPRoute": route,
    "gateway.networking.k8s.io/TLSRoute": route,
    "gateway.networking.k8s.io/UDPRoute": route,
    # knative.dev
    "eventing.knative.dev/Broker": knative,
    "eventing.knative.dev/Trigger": knative,
    "operator.knative.dev/KnativeEventing": knative,
    "operator.knative.dev/KnativeServing": knative,
    "serving.knative.dev/Configuration": knative,
    "serving.knative.dev/Route": knative,
    "serving.knative.dev/Service": knative,
    "serving.kserve.io/InferenceService": ready(),
    # strimzi.io
    "kafka.strimzi.io/Kafka": strimzi,
    "kafka.strimzi.io/KafkaBridge": strimzi,
    "kafka.strimzi.io/KafkaConnect": strimzi,
    "kafka.strimzi.io/KafkaConnector": strimzi,
    "kafka.strimzi.io/KafkaMirrorMaker2": strimzi,
    "kafka.strimzi.io/KafkaNodePool": strimzi,
    "kafka.strimzi.io/KafkaTopic": strimzi,
    "kafka.strimzi.io/KafkaUser": strimzi,
    # cloudnative-pg.io
    "postgresql.cnpg.io/Backup": phases("status.phase", good=("completed",), bad=("failed",)),
    "postgresql.cnpg.io/Cluster": cnpg,
    # crossplane.io and the providers that follow it
    "*.crossplane.io/*": crossplane,
    "*.upbound.io/*": crossplane,
    "pkg.crossplane.io/Configuration": ready("Healthy"),
    "pkg.crossplane.io/Function": ready("Healthy"),
    "pkg.crossplane.io/Provider": ready("Healthy"),
    # Config Connector and AWS Controllers for Kubernetes
    "*.cnrm.cloud.google.com/*": ready(busy=("Updating", "Creating", "DependencyNotReady")),
    "*.services.k8s.aws/*": check(
        Row(condition("ACK.Terminal", "True"), DEGRADED, "{condition:ACK.Terminal}"),
        Row(condition("ACK.Recoverable", "True"), DEGRADED, "{condition:ACK.Recoverable}"),
        Row(condition("ACK.ResourceSynced", "True"), HEALTHY),
        Row(always, PROGRESSING, "{condition:ACK.ResourceSynced}"),
    ),
    # fluxcd.io
    "helm.toolkit.fluxcd.io/HelmRelease": flux,
    "image.toolkit.fluxcd.io/*": flux,
    "kustomize.toolkit.fluxcd.io/Kustomization": flux,
    "notification.toolkit.fluxcd.io/Receiver": flux,
    "source.toolkit.fluxcd.io/*": flux,
    # keda.sh, prometheus-operator.dev, opentelemetry.io
    "keda.sh/ScaledJob": scaled_object,
    "keda.sh/ScaledObject": scaled_object,
    "monitoring.coreos.com/Alertmanager": prometheus,
    "monitoring.coreos.com/Prometheus": prometheus,
    "monitoring.coreos.com/ThanosRuler": prometheus,
    # karpenter.sh, cluster-api
    "karpenter.sh/NodeClaim": node_claim,
    "karpenter.sh/NodePool": ready(),
    "cluster.x-k8s.io/Cluster": cluster_api,
    "cluster.x-k8s.io/Machine": cluster_api,
    "cluster.x-k8s.io/MachineDeployment": cluster_api,
    "cluster.x-k8s.io/MachinePool": cluster_api,
    # data stores
    "acid.zalan.do/postgresql": phases(
        "status.PostgresClusterStatus",
        good=("Running",),
        bad=("CreateFailed", "UpdateFailed", "SyncFailed", "Invalid"),
    ),
    "elasticsearch.k8s.elastic.co/Elasticsearch": elastic,
    "k8s.mariadb.com/*": ready(),
    "kibana.k8s.elastic.co/Kibana": elastic,
    "minio.min.io/Tenant": phases("status.currentState", good=("Initialized",), bad=()),
    "psmdb.percona.com/PerconaServerMongoDB": phases(
        "status.state", good=("ready",), bad=("error",)
    ),
    "pxc.percona.com/PerconaXtraDBCluster": phases("status.state", good=("ready",), bad=("error",)),
    "rabbitmq.com/RabbitmqCluster": check(
        Row(condition("ReconcileSuccess", "False"), DEGRADED, "{condition:ReconcileSuccess}"),
        Row(condition("AllReplicasReady", "True"), HEALTHY),
        Row(always, PROGRESSING, "{condition:AllReplicasReady}"),
    ),
    "rabbitmq.com/*": ready(),
    # storage and virtual machines
    "ceph.rook.io/*": phases("status.phase", good=("Ready",), bad=("Failure", "Error")),
    "kubevirt.io/VirtualMachine": check(
        Row(condition("Paused", "True"), SUSPENDED, "{condition:Paused}"),
        Row(field("status.printableStatus", "Stopped", "Halted"), SUSPENDED, "stopped"),
        Row(condition("Ready", "True"), HEALTHY, "{status.printableStatus}"),
        Row(condition("Failure", "True"), DEGRADED, "{condition:Failure}"),
        Row(always, PROGRESSING, "{status.printableStatus}"),
    ),
    "kubevirt.io/VirtualMachineInstance": ready(busy=("PodNotExists", "GuestNotRunning")),
    "snapshot.storage.k8s.io/VolumeSnapshot": volume_snapshot,
    "snapshot.storage.k8s.io/VolumeSnapshotContent": volume_snapshot,
    # policy, service meshes, ingress, operators
    "flagger.app/Canary": phases(
        "status.phase", good=("Initialized", "Succeeded"), bad=("Failed",)
    ),
    "install.istio.io/IstioOperator": phases("status.status", good=("HEALTHY",), bad=("ERROR",)),
    "kyverno.io/ClusterPolicy": ready(),
    "kyverno.io/Policy": ready(),
    "operators.coreos.com/ClusterServiceVersion": phases(
        "status.phase", good=("Succeeded",), bad=("Failed", "Unknown")
    ),
    "operators.coreos.com/Subscription": subscription,
    "projectcontour.io/HTTPProxy": phases(
        "status.currentStatus", good=("valid",), bad=("invalid", "orphaned")
    ),
    "route.openshift.io/Route": check(
        Row(absent("status.ingress"), PROGRESSING, "Waiting for an ingress"),
        Row(always, HEALTHY),
    ),
    # workloads modelled after apps/v1
    "apps.kruise.io/CloneSet": cloned_workload,
    "apps.kruise.io/StatefulSet": cloned_workload,
    "apps.openshift.io/DeploymentConfig": cloned_workload,
    # one password, object buckets, and others with one telling field
    "jaegertracing.io/Jaeger": phases("status.phase", good=("Running",), bad=("Failed",)),
    "objectbucket.io/ObjectBucketClaim": phases("status.phase", good=("Bound",), bad=("Failed",)),
    "onepassword.com/OnePasswordItem": ready(),
    "sparkoperator.k8s.io/SparkApplication": phases(
        "status.applicationState.state",
        good=("RUNNING", "COMPLETED", "SUCCEEDING"),
        bad=("FAILED", "SUBMISSION_FAILED", "FAILING"),
    ),
}
