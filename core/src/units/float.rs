//! The few floating-point functions that decisions need, in software, so that every target computes the same bits.

/// Natural logarithm as Go's portable `math.Log` computes it (FreeBSD's `e_log.c`; `src/math/log.go`), for `x` > 0 and
/// finite. Go's amd64 assembly follows the same algorithm. NaN for what is negative or not a number.
///
/// ```
/// use wavetank_core::units::float::ln;
/// assert_eq!(ln(1.0), 0.0);
/// assert_eq!(ln(5.0), 1.6094379124341003);
/// ```
#[allow(clippy::excessive_precision)]
pub fn ln(x: f64) -> f64 {
    const LN2_HI: f64 = 6.93147180369123816490e-01;
    const LN2_LO: f64 = 1.90821492927058770002e-10;
    const L1: f64 = 6.666666666666735130e-01;
    const L2: f64 = 3.999999999940941908e-01;
    const L3: f64 = 2.857142874366239149e-01;
    const L4: f64 = 2.222219843214978396e-01;
    const L5: f64 = 1.818357216161805012e-01;
    const L6: f64 = 1.531383769920937332e-01;
    const L7: f64 = 1.479819860511658591e-01;
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    let (mut fraction, mut exponent) = split(x);
    if fraction < core::f64::consts::FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1;
    }
    let f = fraction - 1.0;
    let k = f64::from(exponent);
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let t1 = s2 * (L1 + s4 * (L3 + s4 * (L5 + s4 * L7)));
    let t2 = s4 * (L2 + s4 * (L4 + s4 * L6));
    let r = t1 + t2;
    let hfsq = 0.5 * f * f;
    k * LN2_HI - ((hfsq - (s * (hfsq + r) + k * LN2_LO)) - f)
}

/// `math.Frexp`: a fraction in [0.5, 1) and the exponent of two.
fn split(x: f64) -> (f64, i32) {
    let (normal, shift) = if x < f64::MIN_POSITIVE { (x * (1u64 << 52) as f64, -52) } else { (x, 0) };
    let bits = normal.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1022;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), exponent + shift)
}

/// `math.Round`: to the nearest integer, halves away from zero. Exact on every target, unlike a library call may be.
pub fn round(x: f64) -> f64 {
    // Beyond this there are no fractions; below, the way through an integer is quicker than a library call.
    let whole = if x.abs() < 4_503_599_627_370_496.0 { (x as i64) as f64 } else { x };
    if (x - whole).abs() >= 0.5 { whole + x.signum() } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the library's is what ours is held against, on one machine")]
    fn logarithms_of_small_integers_are_right_to_the_last_bits() {
        for n in 1..20_000u32 {
            let (ours, library) = (ln(f64::from(n)), f64::from(n).ln());
            assert!((ours - library).abs() <= library.abs() * 2.3e-16, "ln({n}): {ours} against {library}");
        }
    }

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!([0.5, 1.5, 2.5, -0.5, 2.4, 0.49999999999999994].map(round), [1.0, 2.0, 3.0, -1.0, 2.0, 0.0]);
    }
}
