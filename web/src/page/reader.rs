//! The cluster in words, behind the canvas: what a screen reader reads while the map is shown. Follows the time when it stands still.

use std::rc::Rc;

use yew::prelude::*;

use super::dom;
use crate::crowd::Crowd;
use crate::frame::Frame;
use crate::paint::counted;
use crate::store::Told;
use wavetank_core::trace::PodState;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) told: Rc<Told>,
    pub(crate) frame: Rc<Frame>,
}

/// How long the picture has to rest before its words follow: nobody reads faster. Milliseconds.
const REST_MS: i32 = 250;

/// The words of the picture, once it rests.
#[component(Reader)]
pub(crate) fn reader(props: &Props) -> Html {
    let rested = use_state_eq(|| (props.told.clone(), props.frame.clone()));
    {
        let (rested, told, frame) = (rested.clone(), props.told.clone(), props.frame.clone());
        use_effect_with((told, frame), move |(told, frame)| {
            let now = (told.clone(), frame.clone());
            let timer = dom::after(REST_MS, move || rested.set(now));
            move || drop(timer)
        });
    }
    html! { <Words told={rested.0.clone()} frame={rested.1.clone()} /> }
}

/// Nodes in words; the table view has all.
const MOST_NODES: usize = 120;
/// Pods by name of one node.
const MOST_NAMES: usize = 40;

#[component(Words)]
fn words(props: &Props) -> Html {
    let (told, frame) = (&props.told, &props.frame);
    let crowd = use_memo(frame.clone(), Crowd::of);
    let pod = |&pod: &u32| format!("{}: {}", told.pod_name(pod as usize), frame.look(pod as usize).label());
    let listed = |pods: &[u32]| {
        let mut words: Vec<String> = pods.iter().take(MOST_NAMES).map(pod).collect();
        if pods.len() > MOST_NAMES {
            words.push(format!("and {} more", pods.len() - MOST_NAMES));
        }
        if words.is_empty() { "none".to_string() } else { words.join("; ") }
    };
    let rows = told.story.nodes.iter().enumerate().take(MOST_NODES).map(|(nth, node)| {
        let look = frame.nodes.get(nth).copied().unwrap_or_default();
        let zone = told.story.zones.get(node.zone as usize).map_or("", String::as_str);
        let pods = crowd.on(nth);
        let ready = pods.iter().filter(|&&pod| frame.look(pod as usize) == PodState::Ready).count();
        html! {
            <tr key={nth}>
                <th scope="row">{ &node.name }</th><td>{ zone }</td><td>{ look.flags.label() }</td>
                <td>{ format!("{ready} of {} ready", counted(pods.len(), "pod")) }</td>
                <td>{ format!("cpu {}%, memory {}%", look.cpu / 10, look.memory / 10) }</td>
                <td>{ listed(pods) }</td>
            </tr>
        }
    });
    let more = told.story.nodes.len().saturating_sub(MOST_NODES);
    html! {
        <div class="unseen reader">
            <table>
                <caption>{ format!("Nodes and their pods at {}", crate::clock::written(frame.at_ms)) }</caption>
                <thead><tr>
                    <th scope="col">{ "Node" }</th><th scope="col">{ "Zone" }</th><th scope="col">{ "State" }</th>
                    <th scope="col">{ "Pods" }</th><th scope="col">{ "Requested" }</th><th scope="col">{ "Pods by name" }</th>
                </tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
            if more > 0 { <p>{ format!("and {} more: the table view has every node", counted(more, "node")) }</p> }
            <p>{ format!("Waiting for a node: {}", listed(&crowd.waiting)) }</p>
        </div>
    }
}
