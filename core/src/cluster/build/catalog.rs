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
         spec.nodePools[] with name, zones, count, capacity, labels, taints.",
    ),
    page(
        "WT2022",
        "A Behavior document that can't be used",
        "The document of kind Behavior (wavetank.dev/v1alpha1) has a field that is not understood. Its form: spec.defaults and spec.workloads[] with \
         match (deployment/web), startSeconds, readySeconds, stopSeconds, memoryUsage, cpuUsage, exits, pullFails and more.",
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
        "WT2029",
        "Devices that are not simulated",
        "A pod asks for devices by resource claims (dynamic resource allocation). Wavetank reads the claims and does not allocate devices: the pods\n\
         are scheduled as if they asked for none. Every other rule holds for them, so a node that refuses such a pod here refuses it in the\n\
         cluster too; a node that takes it here may lack the device there. Extended resources (nvidia.com/gpu: 1 among the requests) are simulated.",
    ),
];

#[cfg(test)]
mod tests {
    #[test]
    fn pages_are_sorted_and_distinct() {
        assert!(super::CATALOG.is_sorted_by(|a, b| a.id < b.id));
    }
}
