//! SVG: a picture that stands alone, readable on light and dark ground, with a title for every box and line.

use std::collections::BTreeMap;
use std::fmt::Write;

use petgraph::graph::NodeIndex;

use super::edge_text;
use crate::graph::{Effect, Graph, Kind, blast_radius, layout};
use crate::units::text::{visible, visible_short};

/// Letters of a name that fit into a box.
const NAME_SHOWN: usize = 40;

/// The drawing; what `gone` would take with it is marked by colour and by a pattern of dashes.
pub fn svg(graph: &Graph, gone: Option<NodeIndex>) -> String {
    let layout = layout(graph);
    let hits: BTreeMap<NodeIndex, (Effect, String)> =
        gone.map(|g| blast_radius(graph, g)).unwrap_or_default().into_iter().map(|h| (h.vertex, (h.effect, h.reason))).collect();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-label=\"Relations of the objects\">\n{STYLE}",
        w = layout.width,
        h = layout.height
    );
    // Writing to a String can't fail.
    for (from, to, edge) in graph.edges() {
        let (a, b) = (layout.places[from.index()], layout.places[to.index()]);
        let down = if b.y >= a.y { 1 } else { -1 };
        let (ay, by) = (a.y + down * a.height / 2, b.y - down * b.height / 2);
        let middle = (ay + by) / 2;
        let dashed = if edge.optional { " optional" } else { "" };
        let told = format!("{} {} {}", graph.vertex(from).label(), edge_text(&edge), graph.vertex(to).label());
        let _ = writeln!(
            out,
            "<path class=\"tie{dashed}\" d=\"M{ax} {ay} C{ax} {middle} {bx} {middle} {bx} {by}\" marker-end=\"url(#end)\"><title>{}</title></path>",
            escaped(&told),
            ax = a.x,
            bx = b.x,
        );
    }
    for (at, vertex) in graph.vertices() {
        let place = layout.places[at.index()];
        let (left, top) = (place.x - place.width / 2, place.y - place.height / 2);
        let mut class = group(vertex.kind).to_owned();
        if !vertex.given {
            class.push_str(" missing");
        }
        let mut told = vertex.label();
        if let Some((effect, reason)) = hits.get(&at) {
            class.push_str(match effect {
                Effect::Stops => " stops",
                Effect::Degraded => " degraded",
                Effect::CannotStart | Effect::Idle => " touched",
            });
            let _ = write!(told, ": {}, {reason}", effect.word());
        }
        let kind = match vertex.wanted.filter(|_| vertex.kind != Kind::Pod) {
            Some(pods) => format!("{} × {pods}", vertex.kind.word()),
            None => vertex.kind.word().to_owned(),
        };
        let _ = writeln!(
            out,
            "<g class=\"{class}\"><title>{}</title><rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" rx=\"6\"/><text class=\"kind\" x=\"{x}\" y=\"{}\">{}</text><text x=\"{x}\" y=\"{}\">{}</text></g>",
            escaped(&told),
            place.width,
            place.height,
            place.y - 5,
            escaped(&kind),
            place.y + 13,
            escaped(&visible_short(&vertex.name, NAME_SHOWN)),
            x = place.x,
        );
    }
    out.push_str("</svg>\n");
    out
}

const STYLE: &str = "<style>
svg{color-scheme:light dark;font:12px system-ui,sans-serif;background:light-dark(#fff,#14181d)}
text{text-anchor:middle;fill:light-dark(#1b1f24,#e6e9ed)}
.kind{font-size:10px;fill:light-dark(#57606a,#9aa4af)}
rect{fill:light-dark(#f6f8fa,#1f262e);stroke:light-dark(#8c959f,#59636e)}
.work rect{fill:light-dark(#dbeafe,#17324d)} .net rect{fill:light-dark(#dcf5e3,#15382a)} .store rect{fill:light-dark(#fdf0d5,#3d3216)}
.place rect{fill:light-dark(#eceff2,#2a3138)} .guard rect{fill:light-dark(#f0e6fb,#322347)}
.missing rect{stroke:light-dark(#b42318,#ff8a80);stroke-dasharray:2 3}
.stops rect{stroke:light-dark(#b42318,#ff8a80);stroke-width:3} .degraded rect{stroke:light-dark(#9a6700,#e3b341);stroke-width:3;stroke-dasharray:8 4}
.touched rect{stroke:light-dark(#9a6700,#e3b341);stroke-dasharray:3 3}
.tie{fill:none;stroke:light-dark(#8c959f,#6e7985)} .optional{stroke-dasharray:4 4}
</style>
<defs><marker id=\"end\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#8c959f\"/></marker></defs>
";

const fn group(kind: Kind) -> &'static str {
    match kind {
        Kind::Ingress | Kind::Service => "net",
        Kind::Autoscaler | Kind::Budget => "guard",
        Kind::ConfigMap | Kind::Secret | Kind::ServiceAccount => "config",
        Kind::Claim | Kind::Volume | Kind::StorageClass => "store",
        Kind::Node | Kind::Zone => "place",
        _ => "work",
    }
}

/// Text as XML text or within double quotes.
fn escaped(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
