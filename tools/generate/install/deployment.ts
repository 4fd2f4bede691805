import { metadata, selector } from "./objects.ts";
import type { Target } from "./target.ts";
import { NAME, VERSION } from "./values.ts";

/** The operator's Deployment. Its Pods keep to the Pod Security Standard `restricted`. */
export function deployment(at: Target): string {
  return `\
apiVersion: apps/v1
kind: Deployment
${metadata(at)}
spec:
  # One works, the other stands by and goes on within seconds.
  replicas: ${at.inline("replicas")}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  selector:
    matchLabels:
${selector(6)}
  template:
    metadata:
${at.field("annotations", "podAnnotations", 6)}\
      labels:
${selector(8)}
        app.kubernetes.io/version: ${VERSION}
${at.entries("podLabels", 8)}\
    spec:
${pod(at)}`;
}

function pod(at: Target): string {
  return `\
      serviceAccountName: ${NAME}
      automountServiceAccountToken: true
      # Services of this namespace would otherwise add environment variables that look like the operator's own.
      enableServiceLinks: false
${at.field("imagePullSecrets", "imagePullSecrets", 6)}\
${at.field("priorityClassName", "priorityClassName", 6)}\
${at.field("nodeSelector", "nodeSelector", 6)}\
${at.field("tolerations", "tolerations", 6)}\
${at.field("affinity", "affinity", 6)}\
      topologySpreadConstraints:
${spread("kubernetes.io/hostname")}\
${spread("topology.kubernetes.io/zone")}\
      # On SIGTERM the operator finishes what is in flight, for 10 seconds at most, and gives its lease back.
      terminationGracePeriodSeconds: 20
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        seccompProfile:
          type: RuntimeDefault
      containers:
${container(at)}`;
}

function spread(topologyKey: string): string {
  return `\
        - maxSkew: 1
          topologyKey: ${topologyKey}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
${selector(14)}
`;
}

function container(at: Target): string {
  return `\
        - name: operator
          image: ${at.image}
          imagePullPolicy: ${at.inline("image.pullPolicy")}
          args:
            - run
            - --leader-elect
${at.listArgument("allowed-role-arns", "allowedRoleArns", 12)}\
${at.listArgument("allowed-assume-role-arns", "allowedAssumeRoleArns", 12)}\
${at.optional("metricsAuthorization", "            - --metrics-authorization\n")}\
${at.only("namespaced-apart", watchedArgument(at))}\
${at.entries("args", 12)}\
          env:
            # The same as --memory-limit: the operator logs that it comes close to it.
            - name: SAGEMAKER_OPERATOR_MEMORY_LIMIT
              valueFrom:
                resourceFieldRef:
                  containerName: operator
                  resource: limits.memory
                  divisor: "0"
${at.only("namespaced", OWN_NAMESPACE)}\
${at.entries("env", 12)}\
${at.field("envFrom", "envFrom", 10)}\
          ports:
            - name: health
              containerPort: 8081
            - name: metrics
              containerPort: 8080
          livenessProbe:
            httpGet:
              path: /healthz
              port: health
          readinessProbe:
            httpGet:
              path: /readyz
              port: health
          # Measured: 60 MiB idle, 76 MiB and 2 % of a core with 1,000 running jobs. No CPU limit: a leader that is throttled loses its
          # lease. Only its log is on the node's disk.
${at.field("resources", "resources", 10)}\
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
`;
}

function watchedArgument({ watched }: Target): string {
  return `\
            # The namespaces whose resources it works on, in a comma list; each needs the Role of watched/install.yaml.
            - --namespace=${watched}
`;
}

const OWN_NAMESPACE = `\
            # The same as --namespace: the operator watches the namespace that it runs in.
            - name: SAGEMAKER_OPERATOR_NAMESPACE
              valueFrom:
                fieldRef:
                  fieldPath: metadata.namespace
`;
