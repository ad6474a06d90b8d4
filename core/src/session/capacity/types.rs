//! Machine types with prices, as flags and files name them.

use std::collections::BTreeMap;

use crate::cluster::build::NodeShape;
use crate::units::quantity::Quantity;

/// The most types of one question.
const MOST_TYPES: usize = 16;

/// A machine type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeType {
    /// Its name.
    pub name: String,
    /// How large it is.
    pub shape: NodeShape,
    /// Its price in millionths of any unit; none where it is not known.
    pub price: Option<i64>,
}

impl NodeType {
    /// Reads `m5.large cpu=2,memory=8Gi,price=0.096`; a colon does as well as the space.
    ///
    /// # Errors
    /// A sentence for a person.
    pub fn parse(text: &str) -> Result<NodeType, String> {
        let text = text.trim();
        let (name, amounts) =
            text.split_once([' ', '\t', ':']).ok_or_else(|| format!("{text:?} is not of the form NAME cpu=2,memory=8Gi,price=0.1"))?;
        let mut price = None;
        let mut rest: Vec<&str> = Vec::new();
        for part in amounts.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.strip_prefix("price=") {
                Some(given) => price = Some(micro(given).ok_or_else(|| format!("{part:?} is no price"))?),
                None => rest.push(part),
            }
        }
        let name = name.trim().to_owned();
        let usual = name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        if name.is_empty() || !usual {
            return Err(format!("{name:?} is no name of a machine type"));
        }
        Ok(NodeType { name, shape: NodeShape::parse(&rest.join(","))?, price })
    }

    /// Reads a file: a type in each line, empty lines and what follows a `#` left out.
    ///
    /// # Errors
    /// The first line that is wrong; no type at all, or too many.
    pub fn parse_all(text: &str) -> Result<Vec<NodeType>, String> {
        let mut types: Vec<NodeType> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let one = NodeType::parse(line).map_err(|error| format!("line {}: {error}", at + 1))?;
            if types.iter().any(|known| known.name == one.name) {
                return Err(format!("line {}: {} is there twice", at + 1, one.name));
            }
            types.push(one);
        }
        match types.len() {
            0 => Err("no machine type in it".to_owned()),
            n if n > MOST_TYPES => Err(format!("{n} machine types: at most {MOST_TYPES} are looked at")),
            _ => Ok(types),
        }
    }
}

/// What a pod asks for: `cpu=500m,memory=1Gi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRequests {
    /// Amounts by resource name.
    pub amounts: BTreeMap<String, Quantity>,
}

impl PodRequests {
    /// Reads `cpu=500m,memory=1Gi`; what is not named is not asked for.
    ///
    /// # Errors
    /// A sentence for a person.
    pub fn parse(text: &str) -> Result<PodRequests, String> {
        let mut amounts = NodeShape::parse(text)?.amounts;
        let named: Vec<&str> = text.split(',').filter_map(|part| part.split_once('=')).map(|(name, _)| name.trim()).collect();
        amounts.retain(|name, _| named.contains(&name.as_str()) && name != "pods");
        if amounts.is_empty() {
            return Err(format!("{text:?} asks for nothing, such as cpu=500m"));
        }
        Ok(PodRequests { amounts })
    }
}

impl std::fmt::Display for PodRequests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (name, amount)) in self.amounts.iter().enumerate() {
            write!(f, "{}{name}={amount}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// A decimal number in millionths.
fn micro(text: &str) -> Option<i64> {
    let quantity = Quantity::parse(text).ok().filter(|quantity| quantity.sign() >= 0)?;
    // A quantity rounds to thousandths: what is finer is read here.
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit()) {
        return quantity.milli_value().checked_mul(1000);
    }
    let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
    whole.parse::<i64>().unwrap_or(0).checked_mul(1_000_000)?.checked_add(fraction.parse().ok()?)
}

/// Millionths as a decimal number.
pub(super) fn shown(micro: i64) -> String {
    let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_with_their_prices() {
        let types = NodeType::parse_all("# ours\nsmall cpu=2,memory=8Gi,price=0.0965\n\nlarge: cpu=8,memory=32Gi\n").unwrap();
        assert_eq!((types[0].name.as_str(), types[0].price), ("small", Some(96_500)));
        assert_eq!((types[1].shape.to_string().as_str(), types[1].price), ("cpu=8,memory=32Gi,pods=110", None));
        assert_eq!(shown(96_500 * 3), "0.2895");
        assert_eq!(shown(2_000_000), "2");
        for wrong in ["", "small", "a cpu=x", "a cpu=1,price=-1", "a cpu=1\na cpu=2"] {
            assert!(NodeType::parse_all(wrong).is_err(), "{wrong}");
        }
        assert_eq!(PodRequests::parse("cpu=500m").map(|pod| pod.to_string()), Ok("cpu=500m".to_owned()), "nothing that is not named");
        assert!(PodRequests::parse("").is_err());
    }
}
