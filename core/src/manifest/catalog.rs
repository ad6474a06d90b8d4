//! The explanations of reading's diagnostics.
//!
//! Owns the ids `WT1xxx` and their pages. The diagnostics themselves are made where they are found.

use super::diagnostic::{DiagnosticId, DiagnosticInfo};

macro_rules! catalog {
    ($($name:ident = $id:literal, $title:literal, $explanation:literal;)*) => {
        $(#[doc = $title] pub(super) const $name: DiagnosticId = DiagnosticId($id);)*
        pub(super) const CATALOG: &[DiagnosticInfo] = &[
            $(DiagnosticInfo { id: $name, title: $title, explanation: $explanation },)*
        ];
    };
}

catalog! {
    SYNTAX = "WT1001", "The text is neither YAML nor JSON",
"The document could not be parsed, so nothing in it is used. Other documents of the file are.

    spec:
      replicas: 3
     template:        <- one space too few

Look at the marked line and the one before it: most often a line is indented differently from its neighbours, a quote or bracket is not closed, a tab is used for indentation, or a value containing `: ` or beginning with `@`, `%`, `*` or `&` is not quoted.";

    SEPARATOR = "WT1002", "Something stands behind a document separator",
"Documents are separated by a line that holds only `---` (a comment may follow). kubectl cuts a file into documents by lines before it reads any YAML, and stops with an error at a line such as

    --- apiVersion: v1

Put what follows on the next line.";

    TEMPLATE = "WT1003", "The file is a template",
"The file contains placeholders for another program (`{{ … }}` of Helm and Jinja, `{% … %}`, `<% … %>`) where YAML has no place for them, so it is not a manifest yet.

    replicas: {{ .Values.replicas }}

Render it and give the result: `helm template RELEASE CHART > rendered.yaml`, `kustomize build DIR`, or what else your project uses. The file is reported once; documents in it that are complete are still used.";

    FILE_TOO_LARGE = "WT1004", "The file is too large",
"Files above a fixed size are not read, so that a mistaken upload cannot exhaust memory. Split the file, or give only the objects the question is about.";

    TOO_MANY_NODES = "WT1005", "The file holds too many values",
"Reading stops after a fixed number of keys and values. What came before is used. Split the file.";

    TOO_DEEP = "WT1006", "Values are nested too deeply",
"No Kubernetes object nests more than a few dozen levels. A document beyond the limit is damaged or hostile and is not used. Look for brackets that are opened and never closed.";

    ALIAS_EXPANSION = "WT1007", "Aliases stand for too many values",
"YAML aliases (`*name`) can make a short text stand for an enormous one. Documents whose aliases expand beyond a fixed number of values are not used; the API server and kubectl refuse them as well (\"document contains excessive aliasing\"). Write the values out.";

    KEY = "WT1008", "A key that JSON cannot have",
"Kubernetes objects are JSON, where keys are texts. YAML allows lists, maps and null as keys; kubectl refuses them.

    {{ name }}: x     <- a map as a key: probably a template
    null: x           <- write \"null\": x

Numbers and booleans as keys become texts: `on: x` means `\"true\": x`.";

    DUPLICATE_KEY = "WT1009", "A key is given twice",
"Of two equal keys in one map kubectl takes the last and says nothing, so part of what is written has no effect.

    labels:
      app: web
      app: shop       <- this one counts

Remove one of them. With `--validate=strict` on newer servers this is an error.";

    NOT_AN_OBJECT = "WT1010", "The document is not an object",
"A manifest is a map with `apiVersion` and `kind`. This document is a text, a number or a list.

    - apiVersion: v1      <- a list: use `---` between objects, or a `List`
      kind: Pod";

    NO_KIND = "WT1011", "The document has no kind",
"Every Kubernetes object names its `kind`. A map without one is something else: values for Helm, a Compose file, a dashboard, part of an object. It is not used. If it is meant to be an object, add `apiVersion` and `kind`.";

    NO_API_VERSION = "WT1012", "The document has no apiVersion",
"The same kind can exist in several groups and versions, so Kubernetes needs `apiVersion` beside `kind`: `v1` for Pods, Services, ConfigMaps; `apps/v1` for Deployments, StatefulSets, DaemonSets; `batch/v1` for Jobs and CronJobs.";

    UNKNOWN_KIND = "WT1013", "Kubernetes has no such kind",
"The group belongs to Kubernetes itself, but v1.37 serves no such kind in that version, so the API server would answer \"no matches for kind\". Kinds are written in CamelCase and in the singular.

    apiVersion: v1
    kind: Deployment      <- apps/v1";

    REMOVED_VERSION = "WT1014", "The API version was removed",
"Kubernetes no longer serves this version of the kind: the object would be refused. Where another version took its place, the object is read as that one, and fields that have changed are reported as unknown.

    apiVersion: extensions/v1beta1      <- apps/v1, since 1.16
    kind: Deployment

Change `apiVersion`, and see the deprecation guide for fields that moved: https://kubernetes.io/docs/reference/using-api/deprecation-guide/";

    WRONG_TYPE = "WT1015", "A value has the wrong type",
"The field wants another type than the value has: the API server would refuse the whole object, so it is not used.

    ports:
    - containerPort: \"80\"     <- a number: 80
    env:
    - name: DEBUG
      value: true              <- a text: \"true\"

Unquoted `yes`, `no`, `on`, `off`, `y`, `n` are booleans and `010` is eight in the YAML that Kubernetes reads. Quote what is meant as a text.";

    UNKNOWN_FIELD = "WT1016", "Kubernetes has no such field",
"The kind has no field of that name here; names are case-sensitive. The API server drops it (or refuses the object, with strict validation, kubectl's default), so it has no effect. Look for a spelling mistake or wrong indentation.

    spec:
      replica: 3        <- replicas";

    NO_NAME = "WT1017", "The object has no name",
"Every object needs `metadata.name` (or `metadata.generateName`). Without one it cannot be created, so it is not used.";

    DUPLICATE_OBJECT = "WT1018", "The same object is given twice",
"Two documents have the same kind, namespace and name. Applied one after the other, the second replaces the first, so only the last one is used. If they are alternatives, give only one of them; if they are meant for different namespaces, say so in `metadata.namespace`.";

    KUSTOMIZATION = "WT1019", "A kustomization is not applied",
"A `kustomization.yaml` describes how other files are combined. It is not carried out here; the files beside it are read as they are, patches included. Give the result instead: `kubectl kustomize DIR > all.yaml`.";

    AFTER_DOCUMENT_END = "WT1020", "Text after the end of a document",
"`...` ends a YAML document. kubectl reads only the first document between two `---` lines, so what follows is silently lost. Put `---` between documents.";

    ALIAS = "WT1021", "An alias or merge that leads nowhere",
"`*name` repeats the value marked `&name` earlier in the same document; `<<: *name` merges a map. Anchors do not reach into the next document, and a value cannot contain itself. A text that begins with `*` must be quoted.";

    TAG = "WT1022", "A value does not fit its tag",
"A tag such as `!!int` or `!!binary` says how a value is to be read, and this value cannot be read so. Tags are rarely needed in manifests: quotes make a text, no quotes a number or boolean.";

    NOT_FINITE = "WT1023", "Infinity or NaN",
"`.inf` and `.nan` are numbers in YAML but do not exist in JSON, which Kubernetes uses. Quote the value if it is a text.";

    BAD_VALUE = "WT1024", "A text does not have the form its field wants",
"The field holds a quantity, a time or base64 data, and the text is none: the API server would refuse the whole object, so it is not used.

    memory: 64MB        <- 64M or 64Mi
    cpu: 100 m          <- 100m
    data:
      key: plain text   <- base64, or use stringData";

    INCOMPLETE = "WT1025", "Required fields are missing",
"The object lacks fields without which Kubernetes refuses it, so it is not used. Files beside a `kustomization.yaml` are often patches: they hold only what changes. Give the combined result instead (`kubectl kustomize DIR`), or complete the object.";

    LIST_ITEMS = "WT1026", "The items of a List are not a list",
"A `List` holds objects under `items`. Here `items` is something else.";

    NAME_FORM = "WT1027", "A name Kubernetes does not allow",
"Names become parts of paths and of DNS names. Most kinds want lower-case letters, digits, `-` and `.`, beginning and ending with a letter or digit, at most 253 characters; Services and Namespaces want at most 63 and no dots. The API server would refuse the object; it is simulated all the same.";

    FIELD_REQUIRED = "WT1028", "A field the API server requires is not set",
"The API server would refuse the object, because a field is missing without which it makes no sense.

    containers:
    - image: nginx      <- name is missing

The object is simulated all the same, as far as that is possible. `kubectl apply --dry-run=server` against a cluster says the same.";

    FIELD_INVALID = "WT1029", "A value the API server does not take",
"The value has the right type, but breaks a rule of its field: a range, a form, or what another field asks for. The API server would refuse the object (\"Invalid value\"); it is simulated all the same, as far as that is possible.

    spec:
      replicas: -1      <- must be greater than or equal to 0

The rules are those of Kubernetes v1.37 with its default feature gates.";

    FIELD_NOT_SUPPORTED = "WT1030", "A value that is none of those the field knows",
"The field takes one of a few words, and this is none of them; they are case-sensitive. The API server would refuse the object (\"Unsupported value\"); it is simulated all the same, as far as that is possible.

    restartPolicy: always      <- Always";

    FIELD_DUPLICATE = "WT1031", "A value that must be unique is given twice",
"Entries of a list are told apart by a name, a port or another key, and two have the same one. The API server would refuse the object (\"Duplicate value\").

    ports:
    - {name: http, containerPort: 80}
    - {name: http, containerPort: 8080}      <- another name";

    FIELD_FORBIDDEN = "WT1032", "A field that may not be set here",
"The field exists, but not together with what else the object says. The API server would refuse the object (\"Forbidden\"); it is simulated all the same, as far as that is possible.

    strategy:
      type: Recreate
      rollingUpdate: {maxSurge: 1}      <- only with RollingUpdate";

    FIELD_TOO_LARGE = "WT1033", "A value is too long, or a list has too many entries",
"Kubernetes bounds what an object may hold: 1 MiB of data in a ConfigMap or Secret, 256 KiB of annotations, names of 63 or 253 characters, and a number of entries in some lists. The API server would refuse the object (\"Too long\", \"Too many\").";

    FIELD_NOT_FOUND = "WT1034", "A name that leads nowhere within the object",
"One part of the object names another part, and there is none of that name. The API server would refuse the object (\"Not found\").

    volumeMounts:
    - {name: data, mountPath: /data}      <- the pod has no volume `data`";

    MORE = "WT1099", "More of the same",
"A file may have very many problems, often with one cause. Only the first ones are listed, errors before warnings.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_explained_once() {
        assert!(CATALOG.is_sorted_by(|a, b| a.id < b.id));
        for info in CATALOG {
            assert!(info.id.0.len() == 6 && info.id.0.starts_with("WT1"), "{}", info.id);
            assert!(info.explanation.len() > 60, "{}", info.id);
        }
    }
}
