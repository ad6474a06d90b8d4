//! DynamicResources (`plugins/dynamicresources`, v1.37): for pods without resource claims it does nothing at all, and that is
//! what is simulated. A pod with claims is told apart so that it can be reported as not simulated.

use crate::cluster::template::PodTemplate;

/// Whether the pod has claims, so that its scheduling is not simulated faithfully.
pub fn has_claims(template: &PodTemplate) -> bool {
    !template.resource_claims.is_empty()
}
