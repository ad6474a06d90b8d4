//! What the store makes of files that come and go.

use std::rc::Rc;

use super::Store;
use crate::link;
use crate::wire::{SourceFile, put};

impl Store {
    /// Files that take the place of those of the same name; the last of them is shown.
    pub(super) fn put(&mut self, changed: Vec<SourceFile>) {
        let files = Rc::make_mut(&mut self.files);
        for file in changed {
            self.active = put(files, file);
        }
    }

    /// Files are added; those of the same name are replaced.
    pub(super) fn add_files(&mut self, files: Vec<SourceFile>) {
        // A scene that was saved as a file.
        if let [file] = files.as_slice()
            && let Some(scene) = link::from_file(&file.text)
        {
            self.remember("opening a scene");
            return self.open(scene);
        }
        let Some(first) = files.first().map(|file| file.name.clone()) else { return };
        self.remember("adding files");
        let own = Rc::make_mut(&mut self.files);
        own.retain(|file| !file.text.trim().is_empty());
        for file in files {
            put(own, file);
        }
        self.active = own.iter().position(|file| file.name == first).unwrap_or(0);
        self.reads_anew();
    }

    /// A file is taken away; there is always one.
    pub(super) fn close_file(&mut self, file: usize) {
        self.remember("closing a file");
        let own = Rc::make_mut(&mut self.files);
        own.remove(file);
        if own.is_empty() {
            own.push(SourceFile { name: "manifest.yaml".to_string(), text: String::new() });
        }
        let past_it = usize::from(self.active > file);
        self.active = (self.active - past_it).min(self.files.len() - 1);
        self.reads_anew();
    }
}
