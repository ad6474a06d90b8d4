//! The map of the run, and beside it that of the run it is compared with.

use std::rc::Rc;

use wavetank_core::trace::PodState;
use yew::prelude::*;

use super::cluster::Cluster;
use super::icon::{Icon, Name};
use super::reader::Reader;
use super::stage::Stage;
use crate::frame::Frame;
use crate::paint::counted;
use crate::store::{Action, Store, Told};

/// What draws each of the two.
#[derive(Default)]
pub(crate) struct Painters {
    pub(crate) present: Stage,
    kept: Stage,
}

/// Both, or the one of the present run.
pub(crate) fn maps(
    store: &Store,
    (told, frame): (&Rc<Told>, &Rc<Frame>),
    painters: &Painters,
    scheme: u32,
    dispatch: &UseReducerDispatcher<Store>,
) -> Html {
    let map = |told: &Rc<Told>, frame: &Rc<Frame>, stage: &Stage| {
        html! {
            <Cluster told={told.clone()} frame={frame.clone()} selection={store.selection.clone()} pod={store.pod_in(told, Some(frame))}
                tint={store.tint} stage={stage.clone()} {scheme} dispatch={dispatch.clone()} />
        }
    };
    let hide = {
        let dispatch = dispatch.clone();
        move |_: MouseEvent| dispatch.dispatch(Action::Beside(false))
    };
    let kept = store.beside().zip(store.kept_frame.as_ref());
    html! {
        <div class="maps">
            if let Some((kept, before)) = kept {
                <figure key="kept" class="map before" aria-label="The kept run">
                    <figcaption><b>{ "Kept run" }</b><span>{ pods(before) }</span>
                        <button type="button" class="quiet" aria-label="Hide the map of the kept run" title="Hide" onclick={hide}><Icon name={Name::Close} /></button>
                    </figcaption>
                    { map(kept, before, &painters.kept) }
                </figure>
            }
            <figure key="present" class="map" aria-label="This run">
                if kept.is_some() { <figcaption><b>{ "This run" }</b><span>{ pods(frame) }</span></figcaption> }
                <Reader told={told.clone()} frame={frame.clone()} />
                { map(told, frame, &painters.present) }
            </figure>
        </div>
    }
}

/// How a cluster is, in a few words.
fn pods(frame: &Frame) -> String {
    let counts = frame.counts();
    let (ready, waiting) = (counts[PodState::Ready as usize], counts[PodState::Pending as usize]);
    let ready = format!("{} ready", counted(ready, "pod"));
    if waiting == 0 { ready } else { format!("{ready}, {waiting} without a node") }
}
