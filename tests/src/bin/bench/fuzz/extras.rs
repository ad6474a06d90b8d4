//! What stands beside the workloads of a random world: pools that grow, storage, schedules, autoscalers, bounds.

use std::fmt::Write as _;

use super::pods::Stock;
use super::world::{Dice, Named, job};

/// Pools of nodes that the Cluster Autoscaler may change, instead of nodes.
pub(super) fn pools(dice: &mut Dice, text: &mut String, zones: usize) {
    let zones = ["zone-a", "zone-b", "zone-c"][..zones].join(", ");
    text.push_str("---\napiVersion: wavetank.dev/v1alpha1\nkind: Cluster\nmetadata: {name: random}\nspec:\n");
    if dice.once_in(2) {
        let _ = writeln!(
            text,
            "  scaleDown: {{unneededSeconds: {}, delayAfterAddSeconds: {}, utilizationPercent: {}}}",
            dice.between(0, 600),
            dice.between(0, 600),
            dice.between(0, 100)
        );
    }
    text.push_str("  nodePools:\n");
    for (name, cpu) in [("node", "2"), ("large", "8")] {
        if name == "large" && !dice.once_in(2) {
            break;
        }
        let count = dice.between(u64::from(name == "node"), 4);
        let max =
            if dice.once_in(4) { String::new() } else { format!(", min: {}, max: {}", dice.between(0, count), count + dice.between(0, 4)) };
        let start = if max.is_empty() { String::new() } else { format!(", startSeconds: {}", dice.between(0, 240)) };
        let _ = writeln!(
            text,
            "    - {{name: {name}, zones: [{zones}], count: {count}, capacity: {{cpu: \"{cpu}\", memory: 4Gi, pods: \"{}\"}}{max}{start}}}",
            dice.of(&["5", "110"])
        );
    }
}

/// A storage class and a claim that pods may share.
pub(super) fn storage(dice: &mut Dice, text: &mut String) {
    let (mode, reclaim) = (dice.of(&["WaitForFirstConsumer", "Immediate"]), dice.of(&["Delete", "Retain"]));
    let _ = write!(
        text,
        "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: disk}}\nprovisioner: csi.example\nvolumeBindingMode: {mode}\nreclaimPolicy: {reclaim}\n\
         ---\napiVersion: storage.k8s.io/v1\nkind: CSIDriver\nmetadata: {{name: csi.example}}\nspec: {{attachRequired: {}}}\n\
         ---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: shared}}\nspec: {{accessModes: [{}], storageClassName: disk, resources: {{requests: {{storage: 1Gi}}}}}}\n",
        dice.of(&["true", "false"]),
        dice.of(&["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"])
    );
}

/// The claim templates of a StatefulSet, and what becomes of its claims.
pub(super) fn claim_templates(dice: &mut Dice) -> String {
    let retention = match dice.between(0, 3) {
        0 => "  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}\n",
        1 => "  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Delete}\n",
        _ => "",
    };
    format!(
        "{retention}  volumeClaimTemplates: [{{metadata: {{name: data}}, spec: {{accessModes: [ReadWriteOnce], storageClassName: disk, resources: {{requests: {{storage: 1Gi}}}}}}}}]\n"
    )
}

/// Bounds and defaults for containers.
pub(super) fn limit_range(dice: &mut Dice, text: &mut String) {
    let (max, default) = (dice.of(&["500Mi", "2Gi"]), dice.of(&["100Mi", "400Mi"]));
    let _ = write!(
        text,
        "---\napiVersion: v1\nkind: LimitRange\nmetadata: {{name: bounds}}\nspec: {{limits: [{{type: Container, max: {{memory: {max}}}, default: {{memory: {default}}}}}]}}\n"
    );
}

/// A Job by the clock.
pub(super) fn cron_job(dice: &mut Dice, text: &mut String, stock: Stock) {
    let schedule = dice.of(&["* * * * *", "*/5 * * * *", "0 * * * *", "@hourly"]);
    let policy = dice.of(&["Allow", "Forbid", "Replace"]);
    let deadline = if dice.once_in(3) { format!("  startingDeadlineSeconds: {}\n", dice.between(5, 200)) } else { String::new() };
    let spec: String = job(dice, "clock", stock).lines().map(|line| format!("    {line}\n")).collect();
    let _ = write!(
        text,
        "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: clock}}\nspec:\n  schedule: \"{schedule}\"\n  concurrencyPolicy: {policy}\n{deadline}  jobTemplate:\n    spec:\n{spec}"
    );
}

/// The first workload that can be scaled: its kind and its name.
fn scalable(workloads: &[Named]) -> Option<(&'static str, &str)> {
    workloads.iter().find_map(|named| match named.kind {
        "deployment" => Some(("Deployment", named.name.as_str())),
        "statefulset" => Some(("StatefulSet", named.name.as_str())),
        _ => None,
    })
}

/// An autoscaler for one of the workloads that can be scaled.
pub(super) fn autoscaler(dice: &mut Dice, text: &mut String, workloads: &[Named]) {
    let Some((kind, name)) = scalable(workloads) else { return };
    let (low, more, wanted) = (dice.between(1, 3), dice.between(0, 6), dice.of(&["20", "50", "90"]));
    let behavior = match dice.between(0, 3) {
        0 => ", behavior: {scaleDown: {stabilizationWindowSeconds: 30, policies: [{type: Pods, value: 1, periodSeconds: 30}]}}",
        1 => ", behavior: {scaleUp: {selectPolicy: Disabled}}",
        _ => "",
    };
    let _ = write!(
        text,
        "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {0}}}\nspec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: {kind}, name: {0}}}, minReplicas: {low}, maxReplicas: {1}, metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: {wanted}}}}}}}]{behavior}}}\n",
        name,
        low + more
    );
}

/// An autoscaler that changes what the pods of a workload ask for.
pub(super) fn vertical_autoscaler(dice: &mut Dice, text: &mut String, workloads: &[Named]) {
    let Some((kind, name)) = scalable(workloads) else { return };
    let _ = write!(
        text,
        "---\napiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {{name: {0}}}\nspec: {{targetRef: {{apiVersion: apps/v1, kind: {kind}, name: {0}}}, updatePolicy: {{updateMode: \"{1}\"}}}}\n",
        name,
        dice.of(&["Off", "Initial", "Recreate"])
    );
}

/// How the kubelets look after what runs short.
pub(super) fn kubelets(dice: &mut Dice, text: &mut String) {
    let _ = write!(
        text,
        "---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nevictionHard: {{memory.available: {}, nodefs.available: \"{}\", pid.available: \"{}\"}}\n",
        dice.of(&["100Mi", "500Mi", "10%"]),
        dice.of(&["10%", "5Gi"]),
        dice.of(&["1000", "10%"])
    );
    if dice.once_in(2) {
        let (grace, most) = (dice.between(0, 180), dice.between(0, 60));
        let _ = writeln!(
            text,
            "evictionSoft: {{memory.available: \"30%\", nodefs.available: \"30%\"}}\nevictionSoftGracePeriod: {{memory.available: {grace}s, nodefs.available: {grace}s}}\nevictionMaxPodGracePeriod: {most}"
        );
    }
    if dice.once_in(3) {
        text.push_str("evictionPressureTransitionPeriod: 0s\n");
    }
}

/// What webhooks and policies are asked about.
const CREATION_OF_PODS: &str = r#"{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}"#;

/// What judges or changes pods before they are stored.
pub(super) fn admission(dice: &mut Dice, text: &mut String) {
    let failure = dice.of(&["Fail", "Ignore"]);
    match dice.between(0, 2) {
        // Its own pods may be down: the deadlock.
        0 => {
            let _ = write!(
                text,
                "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {{name: rules}}\nwebhooks: [{{name: pods.rules.example, failurePolicy: {failure}, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {{service: {{namespace: default, name: app-0}}}}, rules: [{CREATION_OF_PODS}]}}]\n"
            );
        }
        1 => {
            let _ = write!(
                text,
                "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: rules}}\nspec: {{failurePolicy: {failure}, matchConstraints: {{resourceRules: [{CREATION_OF_PODS}]}}, validations: [{{expression: \"size(object.spec.containers) < {}\"}}]}}\n\
                 ---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: rules}}\nspec: {{policyName: rules, validationActions: [Deny]}}\n",
                dice.between(1, 3)
            );
        }
        _ => {
            let _ = write!(
                text,
                "---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicy\nmetadata: {{name: rules}}\nspec: {{failurePolicy: {failure}, reinvocationPolicy: {}, matchConstraints: {{resourceRules: [{CREATION_OF_PODS}]}}, mutations: [{{patchType: ApplyConfiguration, applyConfiguration: {{expression: 'Object{{metadata: Object.metadata{{labels: {{\"team\": \"x\"}}}}}}'}}}}]}}\n\
                 ---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicyBinding\nmetadata: {{name: rules}}\nspec: {{policyName: rules}}\n",
                dice.of(&["Never", "IfNeeded"])
            );
        }
    }
}
