//! How objects are called wherever people read of them: with their namespace, unless that is `default`.

/// `web` in the namespace `default` and for cluster-wide kinds, `shop/web` elsewhere.
///
/// ```
/// use wavetank_core::cluster::called;
/// assert_eq!(called::name("default", "web"), "web");
/// assert_eq!(called::name("shop", "web"), "shop/web");
/// ```
pub fn name(namespace: &str, name: &str) -> String {
    match namespace {
        "" | "default" => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

/// `deployment/web` in the namespace `default` and for cluster-wide kinds, `shop/deployment/web` elsewhere.
///
/// ```
/// use wavetank_core::cluster::called;
/// assert_eq!(called::label("shop", "deployment", "web"), "shop/deployment/web");
/// ```
pub fn label(namespace: &str, kind: &str, name: &str) -> String {
    self::name(namespace, &format!("{kind}/{name}"))
}
