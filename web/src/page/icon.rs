//! Small drawings for buttons, one colour: the text's.

use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) name: Name,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Name {
    Wave,
    Play,
    Pause,
    Back,
    Forward,
    Start,
    End,
    Undo,
    Link,
    Sun,
    Moon,
    Plus,
    Minus,
    Fit,
    Up,
    Close,
    Open,
    File,
    Keep,
    Down,
    Table,
    Map,
    Find,
    Graph,
}

impl Name {
    const fn path(self) -> &'static str {
        match self {
            Name::Wave => "M1.5 10.5c2.2 0 2.2-4.5 4.4-4.5s2.2 4.5 4.4 4.5 2.2-4.5 4.2-4.5",
            Name::Play => "M5 3.2v9.6L12.6 8z",
            Name::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Name::Back => "M10 3.5 5 8l5 4.5",
            Name::Forward => "M6 3.5 11 8l-5 4.5",
            Name::Start => "M4 3.5v9M12 3.5 6.5 8l5.5 4.5",
            Name::End => "M12 3.5v9M4 3.5 9.5 8 4 12.5",
            Name::Undo => "M5.5 3 2.5 6l3 3M2.5 6h7a3.6 3.6 0 0 1 0 7.2H6",
            Name::Link => "M6.8 9.2a2.8 2.8 0 0 0 4 0l2-2a2.8 2.8 0 0 0-4-4l-.8.8M9.2 6.8a2.8 2.8 0 0 0-4 0l-2 2a2.8 2.8 0 0 0 4 4l.8-.8",
            Name::Sun => {
                "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M12.7 3.3l-1 1M4.3 11.7l-1 1"
            }
            Name::Moon => "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z",
            Name::Plus => "M8 3.5v9M3.5 8h9",
            Name::Minus => "M3.5 8h9",
            Name::Fit => "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
            Name::Up => "M4.5 9.5 8 6l3.5 3.5",
            Name::Close => "M4.5 4.5l7 7M11.5 4.5l-7 7",
            Name::File => "M3.5 1.8h5.2l3.8 3.8v8.6h-9zM8.6 1.9v3.8h3.8",
            Name::Keep => "M8 2v7.6M4.8 6.6 8 9.8l3.2-3.2M2.5 11v2.6h11V11",
            Name::Open => "M1.8 12.8V3.6h4.4l1.5 1.8h6.5v7.4z",
            Name::Down => "M4.5 6.5 8 10l3.5-3.5",
            Name::Table => "M2.2 3.4h11.6v9.2H2.2zM2.2 6.5h11.6M2.2 9.5h11.6M6.4 6.5v6",
            Name::Graph => "M5.6 2.4h4.8v3.2H5.6zM1.8 10.4h4.8v3.2H1.8zM9.4 10.4h4.8v3.2H9.4zM8 5.6 4.2 10.4M8 5.6l3.8 4.8",
            Name::Find => "M7 2.6a4.4 4.4 0 1 0 0 8.8 4.4 4.4 0 0 0 0-8.8M10.3 10.3 13.6 13.6",
            Name::Map => "M2.2 2.8h5v4.4h-5zM8.9 2.8h5v4.4h-5zM2.2 8.9h5v4.4h-5zM8.9 8.9h5v4.4h-5z",
        }
    }
}

#[component(Icon)]
pub(crate) fn icon(props: &Props) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d={props.name.path()} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" />
        </svg>
    }
}
