//! Files from outside: dropped, chosen, or in a dropped folder. What is taken is decided in `intake`; archives are opened in the worker.

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    DragEvent, Event, File, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry, FileSystemFileEntry, HtmlInputElement,
};
use yew::prelude::*;

use crate::intake::{self, MOST_ARCHIVE, MOST_FILES, Taken};
use crate::store::{Action, Notice, Store};
use crate::wire::SourceFile;
use wavetank_core::units::arrange::Arrange;

/// How deep folders are looked into.
const MOST_DEPTH: usize = 8;

/// What becomes of what is taken: files go to the store, archives to the worker.
#[derive(Clone, PartialEq)]
pub(crate) struct Intake {
    pub(crate) dispatch: UseReducerDispatcher<Store>,
    pub(crate) unpack: Callback<Uint8Array>,
}

/// Files that were chosen with a button, or a folder of them.
pub(crate) fn chosen(event: &Event, into: Intake, then: fn(Vec<SourceFile>) -> Action) {
    let input: HtmlInputElement = event.target_unchecked_into();
    let Some(list) = input.files() else { return };
    let named = |file: File| {
        // Empty but for what is in a folder.
        let path = Reflect::get(&file, &JsValue::from_str("webkitRelativePath")).ok().and_then(|path| path.as_string()).unwrap_or_default();
        if path.is_empty() { (file.name(), file, false) } else { (path, file, true) }
    };
    let files = (0..list.length()).filter_map(|nth| list.item(nth)).map(named);
    let mut files: Vec<_> = files.filter(|(name, _, inside)| !inside || intake::may_be_manifest(name)).collect();
    files.arrange_by(|one, other| one.0.cmp(&other.0));
    // The same file may be chosen again.
    spawn_local(async move {
        take(files, into, then).await;
        input.set_value("");
    });
}

/// A button that takes files, or with `folder` a whole folder of them.
pub(crate) fn opener(label: &'static str, folder: bool, class: &'static str, onchange: Callback<Event>, shown: Html) -> Html {
    html! {
        <label class={classes!(class, "as-button")} title={label}>
            <input type="file" multiple=true accept=".yaml,.yml,.json,.zip,text/*" webkitdirectory={folder} class="unseen" aria-label={label} {onchange} />
            { shown }
        </label>
    }
}

/// Files and folders that were dropped on the page.
pub(crate) fn dropped(event: &DragEvent, into: Intake) {
    let Some(transfer) = event.data_transfer() else { return };
    let items = transfer.items();
    // The items are gone after this call: the entries are taken now.
    let entries: Vec<FileSystemEntry> =
        (0..items.length()).filter_map(|nth| items.get(nth)?.webkit_get_as_entry().ok().flatten()).collect();
    let plain = transfer.files();
    spawn_local(async move {
        let mut files = Vec::new();
        let known = !entries.is_empty();
        for entry in entries {
            collect(entry, &mut files).await;
        }
        if let Some(list) = plain.filter(|_| !known) {
            files = (0..list.length()).filter_map(|nth| list.item(nth)).map(|file| (file.name(), file, false)).collect();
        }
        take(files, into, Action::AddFiles).await;
    });
}

/// Every file below an entry, breadth first.
async fn collect(entry: FileSystemEntry, files: &mut Vec<(String, File, bool)>) {
    let mut waiting = vec![(entry, 0)];
    while let Some((entry, depth)) = waiting.pop() {
        // Past the limit a few more are listed, so that it is told that there are more.
        if files.len() > MOST_FILES || depth > MOST_DEPTH {
            continue;
        }
        let name = entry.full_path().trim_start_matches('/').to_string();
        if entry.is_file() && (depth == 0 || intake::may_be_manifest(&name)) {
            let file: FileSystemFileEntry = entry.unchecked_into();
            if let Some(file) = once(|yes, no| {
                file.file_with_callback_and_callback(yes, no);
                Ok(())
            })
            .await
            {
                files.push((name, file.unchecked_into(), depth > 0));
            }
        } else if entry.is_directory() {
            let reader = entry.unchecked_into::<FileSystemDirectoryEntry>().create_reader();
            waiting.extend(listed(&reader).await.into_iter().map(|entry| (entry, depth + 1)));
        }
    }
    files.arrange_by(|one, other| one.0.cmp(&other.0));
}

/// A reader gives its entries in batches until an empty one.
async fn listed(reader: &FileSystemDirectoryReader) -> Vec<FileSystemEntry> {
    let mut entries = Vec::new();
    while entries.len() < 10 * MOST_FILES {
        let batch = once(|yes, no| reader.read_entries_with_callback_and_callback(yes, no)).await;
        let batch: Array = batch.map(JsCast::unchecked_into).unwrap_or_default();
        if batch.length() == 0 {
            break;
        }
        entries.extend(batch.iter().map(|entry| entry.unchecked_into::<FileSystemEntry>()));
    }
    entries
}

/// A call with two callbacks, awaited.
async fn once(call: impl FnOnce(&Function, &Function) -> Result<(), JsValue>) -> Option<JsValue> {
    let mut call = Some(call);
    let promise = Promise::new(&mut |yes: Function, no: Function| {
        let failed = Closure::once_into_js(move |_: JsValue| {
            let _ = no.call0(&JsValue::NULL);
        });
        if let Some(call) = call.take() {
            let _ = call(&yes, failed.unchecked_ref());
        }
    });
    JsFuture::from(promise).await.ok()
}

/// Takes files, each with its name and whether its name has to say that it is a manifest.
async fn take(files: Vec<(String, File, bool)>, into: Intake, then: fn(Vec<SourceFile>) -> Action) {
    let say = |text: String, wrong: bool| into.dispatch.dispatch(Action::Say(Some(Notice { text, wrong })));
    if files.is_empty() {
        return say("There is no .yaml, .yml, .json or .zip file in that.".to_string(), true);
    }
    let mut taken = Taken::default();
    for (name, file, named) in files {
        let size = file.size();
        let archive = name.to_lowercase().ends_with(".zip");
        if archive && size > MOST_ARCHIVE as f64 {
            say(format!("{name} is larger than the {} MiB of an archive that is opened here.", MOST_ARCHIVE >> 20), true);
            continue;
        }
        if !archive && !taken.wants(&name, size as usize, named) {
            continue;
        }
        let Ok(buffer) = JsFuture::from(file.array_buffer()).await else {
            say(format!("{name} could not be read."), true);
            continue;
        };
        let bytes = Uint8Array::new(&buffer);
        let start: Vec<u8> = bytes.subarray(0, bytes.length().min(4)).to_vec();
        if intake::is_archive(&start) {
            into.unpack.emit(bytes);
        } else {
            taken.add(&name, &bytes.to_vec());
        }
    }
    if let Some(text) = taken.told() {
        say(text, taken.files.is_empty());
    }
    if !taken.files.is_empty() {
        into.dispatch.dispatch(then(taken.files));
    }
}
