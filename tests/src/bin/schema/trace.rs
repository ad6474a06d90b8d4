//! Learns the fields and types of Kubernetes' kinds by watching `k8s-openapi` decode them.
//!
//! Owns the tracing deserializer and the text form of `core/src/manifest/schema.txt`: first one line for each struct
//! (`Name field:type …`), then one for each kind (`@ apiVersion kind index`). Types: `s` string, `i` int32, `l` int64,
//! `b` boolean, `f` float, `q` quantity, `t` time, `u` time with microseconds, `y` base64, `x` int or string, `j` any JSON,
//! `B`/`A`/`S` the three unions of JSON schemas, `[T` list, `{T` map, a number the struct of that index.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Name and type of each field of a struct.
type FieldTypes = Vec<(&'static str, String)>;

#[derive(Default)]
struct Trace {
    /// Type name of the visitor, struct name, fields.
    structs: Vec<(String, &'static str, FieldTypes)>,
    /// The type of the value that was decoded last.
    last: String,
    kinds: Vec<(&'static str, &'static str, String)>,
}

/// An error that cannot be told apart from any other: tracing feeds only what fits.
#[derive(Debug)]
struct Unexpected(String);

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unexpected {}

impl de::Error for Unexpected {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

#[derive(Clone, Copy)]
struct Tracer<'a>(&'a RefCell<Trace>);

impl Tracer<'_> {
    fn saw(self, code: &str) {
        code.clone_into(&mut self.0.borrow_mut().last);
    }

    fn take(self) -> String {
        std::mem::take(&mut self.0.borrow_mut().last)
    }
}

macro_rules! plain {
    ($($method:ident $code:literal $visit:ident $value:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unexpected> {
            self.saw($code);
            visitor.$visit($value)
        })*
    };
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Unexpected;

    plain! {
        deserialize_bool "b" visit_bool false;
        deserialize_i8 "i" visit_i32 0;
        deserialize_i16 "i" visit_i32 0;
        deserialize_i32 "i" visit_i32 0;
        deserialize_i64 "l" visit_i64 0;
        deserialize_u8 "i" visit_u32 0;
        deserialize_u16 "i" visit_u32 0;
        deserialize_u32 "i" visit_u32 0;
        deserialize_u64 "l" visit_u64 0;
        deserialize_f32 "f" visit_f64 0.0;
        deserialize_f64 "f" visit_f64 0.0;
        deserialize_char "s" visit_borrowed_str "";
        deserialize_str "s" visit_borrowed_str "";
        deserialize_string "s" visit_borrowed_str "";
        deserialize_identifier "s" visit_borrowed_str "";
        deserialize_bytes "s" visit_borrowed_str "";
        deserialize_byte_buf "s" visit_borrowed_str "";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unexpected> {
        let name = std::any::type_name::<V>();
        for (part, code) in [("OrStringArray", "S"), ("PropsOrArray", "A"), ("PropsOrBool", "B")] {
            if name.contains(part) {
                self.saw(code);
                return match code {
                    "B" => visitor.visit_bool(true),
                    _ => visitor.visit_seq(Elements { left: 0, tracer: self }),
                };
            }
        }
        self.saw(if name.contains("IntOrString") { "x" } else { "j" });
        visitor.visit_i64(0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unexpected> {
        let name = std::any::type_name::<V>();
        if name.contains("ByteString as") {
            self.saw("y");
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unexpected> {
        self.saw("j");
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unexpected> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Unexpected> {
        let (code, text) = match name {
            "Quantity" => ("q", "0"),
            "Time" => ("t", "2026-01-01T00:00:00Z"),
            "MicroTime" => ("u", "2026-01-01T00:00:00.000000Z"),
            // The unnamed rest wraps JSON.
            _ => ("j", "{}"),
        };
        let value = visitor.visit_newtype_struct(BorrowedStrDeserializer::new(text));
        self.saw(code);
        value
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unexpected> {
        let value = visitor.visit_seq(Elements { left: 1, tracer: self })?;
        let code = format!("[{}", self.take());
        self.saw(&code);
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unexpected> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Result<V::Value, Unexpected> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unexpected> {
        let mut fields = Fields { names: ["key"].into(), tracer: self, seen: Vec::new() };
        let value = visitor.visit_map(&mut fields)?;
        let code = format!("{{{}", fields.seen.pop().unwrap_or_default().1);
        self.saw(&code);
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unexpected> {
        let key = std::any::type_name::<V>().to_owned();
        let known = self.0.borrow().structs.iter().position(|s| s.0 == key);
        if let Some(index) = known {
            self.saw(&index.to_string());
            // Some types cannot do without a time: the plain fields are fed again, the others would never end.
            let plain = |f: &&(&'static str, String)| f.1.len() == 1 && f.1.as_bytes()[0].is_ascii_lowercase();
            let names = self.0.borrow().structs[index].2.iter().filter(plain).map(|f| f.0).collect();
            let mut again = Fields { names, tracer: self, seen: Vec::new() };
            let value = visitor.visit_map(&mut again);
            self.saw(&index.to_string());
            return value;
        }
        let index = self.0.borrow().structs.len();
        self.0.borrow_mut().structs.push((key, name, Vec::new()));
        let mut fields = Fields { names: names.iter().copied().collect(), tracer: self, seen: Vec::new() };
        let value = visitor.visit_map(&mut fields)?;
        self.0.borrow_mut().structs[index].2 = fields.seen;
        self.saw(&index.to_string());
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, name: &'static str, _: &'static [&'static str], _: V) -> Result<V::Value, Unexpected> {
        Err(Unexpected(format!("an enum: {name}")))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unexpected> {
        self.saw("j");
        visitor.visit_unit()
    }
}

struct Elements<'a> {
    left: usize,
    tracer: Tracer<'a>,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Unexpected;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unexpected> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.tracer).map(Some)
    }
}

struct Fields<'a> {
    names: std::collections::VecDeque<&'static str>,
    tracer: Tracer<'a>,
    seen: Vec<(&'static str, String)>,
}

impl<'de> MapAccess<'de> for &mut Fields<'_> {
    type Error = Unexpected;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Unexpected> {
        // What the two say is checked by top-level types, so they are noted and not fed.
        while let Some(name @ ("apiVersion" | "kind")) = self.names.front().copied() {
            self.seen.push((name, "s".to_owned()));
            self.names.pop_front();
        }
        let Some(name) = self.names.front() else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unexpected> {
        let name = self.names.pop_front().ok_or_else(|| Unexpected("a value without a key".to_owned()))?;
        let value = seed.deserialize(self.tracer)?;
        self.seen.push((name, self.tracer.take()));
        Ok(value)
    }
}

fn kind<T: for<'de> Deserialize<'de> + k8s_openapi::Resource>(trace: &RefCell<Trace>) {
    let tracer = Tracer(trace);
    if let Err(error) = T::deserialize(tracer) {
        panic!("{} {} could not be traced: {error}", T::API_VERSION, T::KIND);
    }
    let index = tracer.take();
    trace.borrow_mut().kinds.push((T::API_VERSION, T::KIND, index));
}

macro_rules! kinds {
    ($trace:ident: $($module:ident $version:ident { $($kind:ident)* })*) => {
        $($(kind::<k8s_openapi::api::$module::$version::$kind>(&$trace);)*)*
    };
}

/// The schema file's text.
#[must_use]
pub(crate) fn text() -> String {
    let trace = RefCell::new(Trace::default());
    kinds!(trace:
        admissionregistration v1 {
            MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration
            ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
        }
        apps v1 { ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet }
        authentication v1 { SelfSubjectReview TokenReview }
        authorization v1 { LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview }
        autoscaling v1 { HorizontalPodAutoscaler }
        autoscaling v2 { HorizontalPodAutoscaler }
        batch v1 { CronJob Job }
        certificates v1 { CertificateSigningRequest ClusterTrustBundle PodCertificateRequest }
        coordination v1 { Lease }
        discovery v1 { EndpointSlice }
        events v1 { Event }
        flowcontrol v1 { FlowSchema PriorityLevelConfiguration }
        networking v1 { IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR }
        node v1 { RuntimeClass }
        policy v1 { PodDisruptionBudget }
        rbac v1 { ClusterRole ClusterRoleBinding Role RoleBinding }
        resource v1 { DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice }
        scheduling v1 { PriorityClass }
        storage v1 { CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass }
        storagemigration v1 { StorageVersionMigration }
        core v1 {
            Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim
            Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount
        }
    );
    kind::<k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition>(&trace);
    kind::<k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService>(&trace);
    let trace = trace.into_inner();
    let mut out = String::new();
    for (_, name, fields) in &trace.structs {
        out += name;
        for (field, code) in fields {
            out += &format!(" {field}:{code}");
        }
        out += "\n";
    }
    for (version, kind, index) in &trace.kinds {
        out += &format!("@ {version} {kind} {index}\n");
    }
    out
}
