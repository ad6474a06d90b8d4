//! Flags that break things: `--fail-zone b@10m` and its kind, for people who need no file.

use wavetank_core::cluster::Cluster;
use wavetank_core::scenario::{DrainOptions, LITTLE_MEMORY, Step, Verb, check};
use wavetank_core::units::duration::Duration;
use wavetank_core::units::time::Time;

use crate::failure::CliError;

/// What to do to the cluster, and when.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "What to break (each NAME may have a time: NAME@10m; without one, at 0s)")]
pub(crate) struct StepArgs {
    /// Every machine of a zone dies; `b` is enough for zone-b
    #[arg(long, value_name = "ZONE")]
    fail_zone: Vec<String>,
    /// Its machines are back
    #[arg(long, value_name = "ZONE")]
    recover_zone: Vec<String>,
    /// A machine dies
    #[arg(long, value_name = "NODE")]
    fail_node: Vec<String>,
    /// It is back
    #[arg(long, value_name = "NODE")]
    recover_node: Vec<String>,
    /// A node runs short of memory: its kubelet evicts pods
    #[arg(long, value_name = "NODE")]
    pressure: Vec<String>,
    /// It has memory again
    #[arg(long, value_name = "NODE")]
    relieve: Vec<String>,
    /// `kubectl cordon`
    #[arg(long, value_name = "NODE")]
    cordon: Vec<String>,
    /// `kubectl drain`, DaemonSets ignored and emptyDir data given up
    #[arg(long, value_name = "NODE")]
    drain: Vec<String>,
    /// `kubectl uncordon`
    #[arg(long, value_name = "NODE")]
    uncordon: Vec<String>,
    /// A new revision of a workload: `deploy/web`
    #[arg(long, value_name = "WORKLOAD")]
    rollout: Vec<String>,
    /// A new revision that never gets ready
    #[arg(long, value_name = "WORKLOAD")]
    broken_rollout: Vec<String>,
    /// `kubectl rollout restart`
    #[arg(long, value_name = "WORKLOAD")]
    restart: Vec<String>,
    /// `kubectl scale`: `deploy/web=5`
    #[arg(long, value_name = "WORKLOAD=N")]
    scale: Vec<String>,
    /// So many times as much for a workload to do, as autoscalers measure it: `deploy/web=3`
    #[arg(long, value_name = "WORKLOAD=TIMES")]
    load: Vec<String>,
    /// `kubectl delete` of a pod, workload or node: `pod/web-0`
    #[arg(long, value_name = "KIND/NAME")]
    delete: Vec<String>,
}

impl StepArgs {
    /// Whether no step was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.lists().iter().all(|(list, _)| list.is_empty())
    }

    /// The steps in order of time; those of one time in the order of the flags' help.
    ///
    /// # Errors
    /// A time or number that is none.
    pub(crate) fn steps(&self) -> Result<Vec<Step>, CliError> {
        let mut steps = Vec::new();
        for (list, verb) in self.lists() {
            for given in list {
                let (name, time) = split_time(given)?;
                steps.push((time, verb(name)?));
            }
        }
        steps.sort_by_key(|(time, _)| *time);
        Ok(steps.into_iter().map(|(time, verb)| Step::at(time, verb)).collect())
    }

    #[allow(clippy::type_complexity, reason = "a table of lists and what each means is read at once")]
    fn lists(&self) -> [(&Vec<String>, fn(String) -> Result<Verb, CliError>); 15] {
        [
            (&self.fail_zone, |zone| Ok(Verb::FailZone { zone })),
            (&self.fail_node, |node| Ok(Verb::FailNode { node })),
            (&self.pressure, |node| Ok(Verb::Pressure { node, available: LITTLE_MEMORY })),
            (&self.cordon, |node| Ok(Verb::Cordon { node })),
            (&self.drain, |node| Ok(Verb::Drain { node, options: DrainOptions::default() })),
            (&self.rollout, |workload| Ok(Verb::Rollout { workload, image: None, container: None, broken: false })),
            (&self.broken_rollout, |workload| Ok(Verb::Rollout { workload, image: None, container: None, broken: true })),
            (&self.restart, |workload| Ok(Verb::Restart { workload })),
            (&self.scale, scale),
            (&self.load, load),
            (&self.delete, |target| Ok(Verb::Delete { target, grace_period: None, cascade: Default::default() })),
            (&self.recover_zone, |zone| Ok(Verb::RecoverZone { zone })),
            (&self.recover_node, |node| Ok(Verb::RecoverNode { node })),
            (&self.relieve, |node| Ok(Verb::RelievePressure { node })),
            (&self.uncordon, |node| Ok(Verb::Uncordon { node })),
        ]
    }
}

fn scale(given: String) -> Result<Verb, CliError> {
    let wrong = || CliError::new(format!("--scale {given}: not of the form deploy/web=5"));
    let (workload, replicas) = given.split_once('=').ok_or_else(wrong)?;
    let replicas = replicas.parse().ok().filter(|&n: &i32| n >= 0).ok_or_else(wrong)?;
    Ok(Verb::Scale { workload: workload.to_owned(), replicas })
}

fn load(given: String) -> Result<Verb, CliError> {
    let wrong = || CliError::new(format!("--load {given}: not of the form deploy/web=3"));
    let (workload, times) = given.split_once('=').ok_or_else(wrong)?;
    let times: f64 = times.parse().ok().filter(|n| (0.0..=1_000_000.0).contains(n)).ok_or_else(wrong)?;
    let times = Some((times * 1_000.0).round() as i64);
    Ok(Verb::Load { workload: workload.to_owned(), times, cpu: None, memory: None, metric: None })
}

/// `zone-b@10m` is zone-b at ten minutes.
fn split_time(given: &str) -> Result<(String, Time), CliError> {
    let Some((name, time)) = given.rsplit_once('@') else { return Ok((given.to_owned(), Time::ZERO)) };
    Ok((name.to_owned(), Time::ZERO + parse_span(time)?))
}

/// `10m`, `90s`, `1h30m`.
pub(crate) fn parse_span(text: &str) -> Result<i64, CliError> {
    let span = Duration::parse(text).map_err(|error| CliError::new(format!("{text}: {error}")))?.nanos() / 1_000_000;
    if span < 0 {
        return Err(CliError::new(format!("{text} is before the start")));
    }
    Ok(span)
}

/// Says, before anything runs, which step names something that is not there.
///
/// # Errors
/// The first such name, with the nearest there is.
pub(crate) fn check_names(cluster: &Cluster, steps: &[Step]) -> Result<(), CliError> {
    for step in steps {
        if let Err(refused) = check(cluster, &step.verb) {
            let diagnostic = refused.diagnostic(None);
            let error = CliError::new(&diagnostic.message);
            return Err(match &diagnostic.help {
                Some(help) => error.help(help),
                None => error,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_steps_in_order_of_time() {
        let args = StepArgs {
            recover_zone: vec!["b@10m".to_owned()],
            fail_zone: vec!["b".to_owned()],
            scale: vec!["deploy/web=5@90s".to_owned()],
            ..StepArgs::default()
        };
        let steps = args.steps().unwrap();
        let told: Vec<String> = steps.iter().map(|s| s.verb.to_yaml()).collect();
        assert_eq!(told, ["failZone: b", "scale: {workload: deploy/web, replicas: 5}", "recoverZone: b"]);
        assert!(StepArgs::default().is_empty() && !args.is_empty());
        for wrong in ["web@soon", "web@-5s"] {
            assert!(StepArgs { drain: vec![wrong.to_owned()], ..StepArgs::default() }.steps().is_err(), "{wrong}");
        }
        assert!(StepArgs { scale: vec!["web".to_owned()], ..StepArgs::default() }.steps().is_err());
    }
}
