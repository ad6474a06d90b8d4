//! SVG: a picture that stands alone, readable on light and dark ground, with a title for every box and line.

use std::fmt::Write;

use petgraph::graph::NodeIndex;

use crate::graph::{Drawing, Effect, Graph, blast_radius, layout, single_points_of_failure};
use crate::units::text::visible;

/// The drawing; what `gone` would take with it is marked by colour and by a pattern of dashes.
pub fn svg(graph: &Graph, gone: Option<NodeIndex>) -> String {
    let hits = gone.map(|gone| blast_radius(graph, gone)).unwrap_or_default();
    picture(&Drawing::new(graph, &layout(graph), &hits, &single_points_of_failure(graph)))
}

/// A drawing as SVG.
pub fn picture(drawing: &Drawing) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-label=\"Relations of the objects\">\n{STYLE}",
        w = drawing.width,
        h = drawing.height
    );
    // Writing to a String can't fail.
    for line in &drawing.lines {
        let class = [("optional", line.optional), ("hit", line.hit)]
            .iter()
            .filter(|(_, on)| *on)
            .map(|(class, _)| format!(" {class}"))
            .collect::<String>();
        let _ = writeln!(
            out,
            "<path class=\"tie{class}\" d=\"{}\" marker-end=\"url(#end)\"><title>{}</title></path>",
            line.path,
            escaped(&drawing.sentence(line)),
        );
    }
    for of in &drawing.boxes {
        let place = of.place;
        let (left, top) = (place.x - place.width / 2, place.y - place.height / 2);
        let mut class = of.sort.to_owned();
        if of.missing {
            class.push_str(" missing");
        }
        if let Some(mark) = &of.mark {
            class.push_str(match mark.effect {
                Effect::Stops => " stops",
                Effect::Degraded => " degraded",
                Effect::CannotStart | Effect::Idle | Effect::Touched => " touched",
            });
        }
        let weak = match of.weak {
            Some(_) => format!(
                "<g class=\"weak\"><circle cx=\"{x}\" cy=\"{top}\" r=\"8\"/><text x=\"{x}\" y=\"{}\">!</text></g>",
                top + 4,
                x = left + place.width
            ),
            None => String::new(),
        };
        let _ = writeln!(
            out,
            "<g class=\"{class}\"><title>{}</title><rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" rx=\"6\"/><text class=\"kind\" x=\"{x}\" y=\"{}\">{}</text><text x=\"{x}\" y=\"{}\">{}</text>{weak}</g>",
            escaped(&of.title()),
            place.width,
            place.height,
            place.y - 5,
            escaped(&of.kind),
            place.y + 13,
            escaped(&of.name),
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
.place rect{fill:light-dark(#eceff2,#2a3138)} .guard rect{fill:light-dark(#f0e6fb,#322347)} .many rect{stroke-width:2.5}
.missing rect{stroke:light-dark(#b42318,#ff8a80);stroke-dasharray:2 3}
.stops rect{stroke:light-dark(#b42318,#ff8a80);stroke-width:3} .degraded rect{stroke:light-dark(#9a6700,#e3b341);stroke-width:3;stroke-dasharray:8 4}
.touched rect{stroke:light-dark(#9a6700,#e3b341);stroke-dasharray:3 3}
.weak circle{fill:light-dark(#b42318,#ff8a80)} .weak text{fill:light-dark(#fff,#14181d);font-weight:700}
.tie{fill:none;stroke:light-dark(#8c959f,#6e7985)} .optional{stroke-dasharray:4 4} .hit{stroke:light-dark(#b42318,#ff8a80);stroke-width:1.5}
</style>
<defs><marker id=\"end\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#8c959f\"/></marker></defs>
";

/// Text as XML text or within double quotes.
fn escaped(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
