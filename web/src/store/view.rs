//! What is looked at, and where.

/// What the user looks at closely. By name, so that it outlives a new run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// A pod.
    Pod(String),
    /// A node.
    Node(String),
    /// A zone.
    Zone(String),
    /// A workload, by its label.
    Workload(String),
    /// An event of the run, by its number: another run has others.
    Event(u32),
}

impl Selection {
    /// As a link keeps it.
    pub fn to_link(&self) -> String {
        match self {
            Selection::Pod(name) => format!("p/{name}"),
            Selection::Node(name) => format!("n/{name}"),
            Selection::Zone(name) => format!("z/{name}"),
            Selection::Workload(label) => format!("w/{label}"),
            Selection::Event(number) => format!("e/{number}"),
        }
    }

    /// From a link; none for what is not known.
    pub fn from_link(text: &str) -> Option<Selection> {
        let (kind, name) = text.split_once('/')?;
        let name = name.to_string();
        match kind {
            "p" => Some(Selection::Pod(name)),
            "n" => Some(Selection::Node(name)),
            "z" => Some(Selection::Zone(name)),
            "w" => Some(Selection::Workload(name)),
            "e" => name.parse().ok().map(Selection::Event),
            _ => None,
        }
    }
}

/// What the right pane shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// The narrative.
    #[default]
    Story,
    /// Why the selected pod is where it is.
    Why,
    /// How every workload fared.
    Report,
    /// What would hurt, ranked.
    Risks,
    /// What the manifests do not say.
    Assumed,
}

/// What lies over the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The command palette.
    Palette,
    /// The keys.
    Help,
    /// Examples and lessons.
    Gallery,
}

/// Which pane a narrow screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The manifests.
    Files,
    /// The cluster and its timeline.
    #[default]
    Cluster,
    /// Story, why and report.
    Answers,
}
