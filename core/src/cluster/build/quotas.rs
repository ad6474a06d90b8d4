//! ResourceQuotas and LimitRanges from their objects, with the API server's defaults (`pkg/apis/core/v1/defaults.go`, v1.37).

use k8s_openapi::api::core::v1::{LimitRange as WrittenRange, LimitRangeItem, ResourceQuota as WrittenQuota};

use super::Builder;
use super::amounts::Amounts;
use crate::cluster::labels::Operator;
use crate::cluster::origin::Origin;
use crate::cluster::quotas::{LimitItem, LimitKind, LimitRange, QuotaScope, ResourceList, ResourceQuota, ScopeRequirement};

impl Builder<'_> {
    /// A ResourceQuota. What its status says counts until the controller looks.
    pub fn compile_quota(&mut self, written: &WrittenQuota, origin: Option<Origin>) -> ResourceQuota {
        let meta = self.meta(&written.metadata, origin);
        let text = &mut self.cluster.text;
        let spec = written.spec.as_ref();
        let status = written.status.as_ref();
        let plain = spec.and_then(|s| s.scopes.as_ref()).into_iter().flatten();
        let plain = plain.map(|name| ScopeRequirement { scope: QuotaScope::named(name), operator: Operator::Exists, values: Vec::new() });
        let mut scopes: Vec<ScopeRequirement> = plain.collect();
        let selected = spec.and_then(|s| s.scope_selector.as_ref()).and_then(|s| s.match_expressions.as_ref());
        for expression in selected.into_iter().flatten() {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => Operator::Exists,
            };
            let values = expression.values.iter().flatten().map(|v| text.intern(v)).collect();
            scopes.push(ScopeRequirement { scope: QuotaScope::named(&expression.scope_name), operator, values });
        }
        ResourceQuota {
            meta,
            hard: Amounts::read(spec.and_then(|s| s.hard.as_ref())).0,
            scopes,
            enforced: Amounts::read(status.and_then(|s| s.hard.as_ref())).0,
            used: Amounts::read(status.and_then(|s| s.used.as_ref())).0,
        }
    }

    /// A LimitRange.
    pub fn compile_limit_range(&mut self, written: &WrittenRange) -> LimitRange {
        LimitRange {
            namespace: self.namespace(&written.metadata),
            name: self.name(&written.metadata),
            gone: false,
            items: written.spec.iter().flat_map(|s| &s.limits).filter_map(item).collect(),
        }
    }
}

/// `SetDefaults_LimitRangeItem`: for containers the default limit is taken from `max`, the default request from that, and then from
/// `min`. Items of kinds that no plugin looks at are left out.
fn item(written: &LimitRangeItem) -> Option<LimitItem> {
    let kind = match written.type_.as_str() {
        "Container" => LimitKind::Container,
        "Pod" => LimitKind::Pod,
        "PersistentVolumeClaim" => LimitKind::Claim,
        _ => return None,
    };
    let read = |list: Option<&_>| Amounts::read(list).0;
    let mut item = LimitItem {
        kind,
        min: read(written.min.as_ref()),
        max: read(written.max.as_ref()),
        default: read(written.default.as_ref()),
        default_request: read(written.default_request.as_ref()),
        ratio: read(written.max_limit_request_ratio.as_ref()),
    };
    if kind == LimitKind::Container {
        fill(&mut item.default, &item.max);
        fill(&mut item.default_request, &item.default);
        fill(&mut item.default_request, &item.min);
    }
    Some(item)
}

fn fill(into: &mut ResourceList, from: &ResourceList) {
    for (name, amount) in from {
        into.entry(name.clone()).or_insert(*amount);
    }
}
