//! What the diagnostics of building mean: the pages that `wavetank explain WT2010` prints.

use crate::manifest::DiagnosticId;
use crate::manifest::diagnostic::DiagnosticInfo;

const fn page(id: &'static str, title: &'static str, explanation: &'static str) -> DiagnosticInfo {
    DiagnosticInfo { id: DiagnosticId(id), title, explanation }
}

/// The explanations, by id.
#[must_use]
pub fn catalog() -> &'static [DiagnosticInfo] {
    CATALOG
}

const CATALOG: &[DiagnosticInfo] = &[
    page(
        "WT2000",
        "More findings than are shown",
        "The list of findings is cut at its limit; the most severe were kept. Mend the first ones and look again.",
    ),
    page(
        "WT2001",
        "More replicas than are simulated",
        "A workload asks for more pods than Wavetank simulates of one workload (150,000: as many as Kubernetes is built for in a whole cluster). \
         The run goes on with that many. Usually a digit too many was typed.",
    ),
    page(
        "WT2002",
        "More nodes or pods than are simulated",
        "The cluster would be larger than Wavetank simulates (20,000 nodes, 300,000 pods). What is beyond the limit is left out, so that the answer about \
         the rest is still right but the answer about the whole is not.",
    ),
    page(
        "WT2003",
        "The same object twice",
        "Two documents have the same kind, namespace and name. kubectl would apply both, one after the other, and the last would stay: so it is here. \
         Often a file was pasted twice, or a base and its overlay were given together.",
    ),
    page(
        "WT2004",
        "Pods bound to a node that is not given",
        "The pods name a node in spec.nodeName (a dump of a live cluster does), and no Node of that name was given. They are scheduled anew. \
         Add the output of `kubectl get nodes -o yaml` to keep them where they are.",
    ),
    page(
        "WT2010",
        "A selector that does not match its own pods",
        "spec.selector of a Deployment, ReplicaSet, StatefulSet or DaemonSet must match the labels in spec.template.metadata.labels; the API server refuses \
         the object otherwise (`selector` does not match template `labels`), since its controller would make pods for ever and find none of them. \
         It is left out of the cluster.",
    ),
    page(
        "WT2011",
        "A budget that protects nothing",
        "No pod in the namespace of the PodDisruptionBudget has the labels its selector asks for, so drains and evictions are not held back by it. \
         In policy/v1 an empty selector ({}) matches every pod of the namespace; a missing one matches none.",
    ),
    page(
        "WT2012",
        "Two budgets over the same pods",
        "The eviction API refuses to evict a pod that more than one PodDisruptionBudget matches, whatever they allow (HTTP 500). `kubectl drain` of its node \
         retries for ever. Narrow the selectors so that each pod has one budget.",
    ),
    page(
        "WT2013",
        "A Service without endpoints",
        "No pod in the Service's namespace has all the labels of its selector: connections to it are refused or time out. Compare the selector with the \
         labels of the pod template, letter by letter.",
    ),
    page(
        "WT2014",
        "More pods than places for required anti-affinity",
        "The pods refuse to share a domain (a host, a zone) with each other, and there are fewer domains than pods: the rest stays Pending for ever. \
         A rollout with maxSurge needs one domain more still, else it stands still.",
    ),
    page(
        "WT2015",
        "A ConfigMap or Secret that is not given",
        "A container reads it through env, envFrom or a volume, without `optional: true`. If the cluster does not have it either, the container waits in \
         CreateContainerConfigError (or the pod in ContainerCreating, for a volume). The simulation takes it to be there.",
    ),
    page(
        "WT2016",
        "A ServiceAccount that is not given",
        "The admission plugin ServiceAccount refuses pods whose service account does not exist; their controller retries. The simulation takes it to be there.",
    ),
    page(
        "WT2017",
        "A claim that is not given",
        "The pod mounts a PersistentVolumeClaim that was not given. The scheduler refuses every node for it: `persistentvolumeclaim \"…\" not found`. \
         Add the claim, or the dump of it.",
    ),
    page(
        "WT2018",
        "A PriorityClass that is not given",
        "The admission plugin Priority refuses pods that name an unknown class (`no PriorityClass with name … was found`). The simulation goes on with \
         priority 0, or the number that the pod itself carries in a dump.",
    ),
    page(
        "WT2019",
        "An Ingress to a Service that is not given",
        "Requests for that path would be answered 503 unless the cluster has the Service.",
    ),
    page(
        "WT2020",
        "An autoscaler without its target",
        "The HorizontalPodAutoscaler scales an object that was not given; if the cluster lacks it too, it does nothing.",
    ),
    page(
        "WT2021",
        "A Cluster document that can't be used",
        "The document of kind Cluster (wavetank.dev/v1alpha1) has a field of the wrong type, an unknown field, or an amount that is none. Its form: \
         spec.nodePools[] with name, zones, count, capacity, labels, taints; spec.machineTypes[] with name, capacity, price, spotPrice.",
    ),
    page(
        "WT2022",
        "A Behavior document that can't be used",
        "The document of kind Behavior (wavetank.dev/v1alpha1) has a field that is not understood. Its form: spec.defaults and spec.workloads[] with \
         match (deployment/web), startSeconds, readySeconds, stopSeconds, memoryUsage, cpuUsage, exits, pullFails and more; spec.webhooks[] with name, \
         latencySeconds, deniesImages, message and injects.",
    ),
    page(
        "WT2023",
        "Another version of Kubernetes",
        "Wavetank decides by the rules of Kubernetes 1.37, whatever version the Cluster document names.",
    ),
    page(
        "WT2024",
        "In the graph, not in the run",
        "Objects of this kind are read and drawn, and the graph follows their references; a run does not act on them yet. The message says what that means.",
    ),
    page(
        "WT2025",
        "A schedule that is never due",
        "spec.schedule of a CronJob is not of the form that Kubernetes reads (minute, hour, day of month, month, day of week, or @hourly, @daily, @every 90m …; \
         Sunday is 0, and 7 is no day), or spec.timeZone is not a name of the IANA database (Europe/Berlin). The API server refuses the object; here it makes no Job.",
    ),
    page(
        "WT2026",
        "A field of a NodePool that is not used",
        "A NodePool of Karpenter's (karpenter.sh/v1) has a field that does not parse, or one that decides nothing here. The message says which, and what \
         happens instead.",
    ),
    page(
        "WT2027",
        "A NodePool that can launch nothing",
        "None of the machine types that are known meets the requirements of the NodePool. Without a Cluster document a few families of Amazon's are \
         assumed (c6i, m6i, r6i, c7g, m7g, r7g, from large to 16xlarge); declare others with spec.machineTypes[]: name, capacity, allocatable, labels, \
         zones, price, spotPrice, startSeconds.",
    ),
    page(
        "WT2028",
        "A VerticalPodAutoscaler that is not used as written",
        "A VerticalPodAutoscaler (autoscaling.k8s.io/v1) has a field that does not parse, a target that is not simulated, or a mode that is not. The message \
         says which, and what happens instead.",
    ),
    page(
        "WT2029",
        "Devices that are not simulated",
        "A pod asks for devices by resource claims (dynamic resource allocation). Wavetank reads the claims and does not allocate devices: the pods\n\
         are scheduled as if they asked for none. Every other rule holds for them, so a node that refuses such a pod here refuses it in the\n\
         cluster too; a node that takes it here may lack the device there. Extended resources (nvidia.com/gpu: 1 among the requests) are simulated.",
    ),
    page(
        "WT2030",
        "A KubeletConfiguration that is not used as written",
        "Of a KubeletConfiguration (kubelet.config.k8s.io/v1beta1) the memory thresholds (evictionHard, evictionSoft with its grace period, \
         evictionMaxPodGracePeriod, evictionMinimumReclaim, evictionPressureTransitionPeriod) and the periods of a graceful shutdown are read, for all \
         nodes. The message says which field does not parse, or decides nothing here.",
    ),
    page(
        "WT2040",
        "A webhook that guards its own pods",
        "A ValidatingWebhookConfiguration or MutatingWebhookConfiguration matches the creation of the very pods that answer for it (those behind the Service \
         in its clientConfig), with failurePolicy Fail. As long as one of them is ready all is well. Once none is - a node is lost, a drain, a bad \
         rollout - the API server cannot ask it about their replacements and refuses them: failed calling webhook … no endpoints available for service …. \
         Nothing heals that: somebody has to delete the configuration (kubectl delete validatingwebhookconfiguration NAME). Leave the namespace of the \
         webhook out by namespaceSelector, or use failurePolicy Ignore. Two webhooks that guard each other's pods are the same trap.",
    ),
    page(
        "WT2041",
        "A webhook whose Service is not given",
        "Whether a webhook can be asked depends on the ready pods behind its Service. This Service was not given (or has no selector), so that the webhook \
         is taken to answer always. Add the Service and the workload behind it to see what their loss sets off; what it answers, and how fast, can be said \
         in a Behavior document: spec.webhooks[] with name, latencySeconds (or never), deniesImages, message, injects.",
    ),
    page(
        "WT2042",
        "Pods that their namespace refuses",
        "The namespace has the label pod-security.kubernetes.io/enforce, and the pods break the standard it names (with the version of enforce-version; \
         v1.37 without one). The API server takes the workload, and refuses every pod of it: its controller tells so in FailedCreate events and tries again \
         for ever. The message lists the rules in the API server's own words.",
    ),
    page(
        "WT2043",
        "A webhook whose changes are not known",
        "A mutating webhook can change every object it is asked about, and manifests do not say how. Here it changes nothing. A container that it adds \
         (a proxy, an agent) with its own requests can be said in a Behavior document: spec.webhooks[] with name and injects: {name, image, requests}.",
    ),
    page(
        "WT2044",
        "A policy that is not evaluated",
        "ValidatingAdmissionPolicies and MutatingAdmissionPolicies are evaluated when pods are created, with the core of CEL: object, request, namespaceObject and variables, has, all, \
         exists, exists_one, map, filter, size, contains, startsWith, endsWith and the operators. This one takes parameters, or uses Kubernetes' own \
         libraries (quantities, regular expressions, URLs, the authorizer), or cannot be read: it is passed over. Objects other than pods are not put to \
         policies at all, nor are changes of pods.",
    ),
    page(
        "WT2045",
        "Pods of which their namespace warns",
        "The namespace has the label pod-security.kubernetes.io/warn (or enforces a standard, which warns too), and pods of this workload would break the \
         standard it names. They are created all the same: kubectl only prints the warning. Where enforce is raised to that standard later, pods that run \
         go on, and their replacements are refused.",
    ),
];

#[cfg(test)]
mod tests {
    #[test]
    fn pages_are_sorted_and_distinct() {
        assert!(super::CATALOG.is_sorted_by(|a, b| a.id < b.id));
    }
}
