//! `TimeBudget`: the limit of one call's work on the graph: none, a deadline, or an amount of work.
//!
//! Work consists of items that are never split. With a deadline, the time of an item of each kind is learned during the
//! steps, and an item that would not fit is left to the next step. With an amount, each item has a price and no clock
//! is read, so the progress depends on the calls alone.

use std::ops::Range;
use std::time::{Duration, Instant};

/// The time of an item of one kind of work, learned in calls with a deadline; 0: unknown.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    item_nanos: u64,
}

impl Cost {
    /// Rises at once, at most to twice the value, as the system may have interrupted one item; falls gradually.
    fn learn(&mut self, nanos: u64) {
        self.item_nanos = match self.item_nanos {
            0 => nanos,
            known if nanos > known => nanos.min(known.saturating_mul(2)),
            known => known - (known - nanos) / 16,
        };
    }
}

/// The amount of work to index one row, with the checks that it causes.
pub(crate) const ROW_WORK: i64 = 1 << 20;

/// What ends a call's work.
#[derive(Debug, Clone, Copy)]
enum Limit {
    Nothing,
    Deadline(Instant),
    /// The remaining amount; falls below 0 by at most one item.
    Amount(i64),
}

/// The limit of one call.
#[derive(Debug)]
pub(crate) struct TimeBudget {
    limit: Limit,
    has_begun: bool,
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl TimeBudget {
    /// No limit.
    pub(crate) fn unbounded() -> Self {
        Self { limit: Limit::Nothing, has_begun: false }
    }

    /// Until a deadline. At least one item is done, so that repeated calls finish.
    pub(crate) fn until(deadline: Instant) -> Self {
        Self { limit: Limit::Deadline(deadline), has_begun: false }
    }

    /// Until the amount is used up; the last item is finished.
    pub(crate) fn amount(amount: i64) -> Self {
        Self { limit: Limit::Amount(amount), has_begun: false }
    }

    /// The remaining amount, below 0 if the last item cost more than was left; 0 without an amount.
    pub(crate) fn left(&self) -> i64 {
        if let Limit::Amount(left) = self.limit { left } else { 0 }
    }

    /// Subtracts the price of work that is done regardless of the limit.
    pub(crate) fn charge(&mut self, price: i64) {
        if let Limit::Amount(left) = &mut self.limit {
            *left -= price;
        }
    }

    fn has_deadline(&self) -> bool {
        matches!(self.limit, Limit::Deadline(_))
    }

    /// How many of `left` items to do now. With a deadline, half of the remaining time at most, so that the next
    /// decision is based on a better estimate; 0 if not even one fits.
    fn allow(&mut self, cost: Cost, price: i64, left: usize) -> usize {
        let deadline = match &mut self.limit {
            Limit::Nothing => return left,
            Limit::Amount(amount) if *amount <= 0 => return 0,
            Limit::Amount(amount) => {
                let paid = usize::try_from(*amount / price.max(1)).unwrap_or(usize::MAX);
                let items = paid.clamp(1, left.max(1)).min(left);
                *amount -= price.saturating_mul(i64::try_from(items).unwrap_or(i64::MAX));
                return items;
            }
            Limit::Deadline(deadline) => *deadline,
        };
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let rest = nanos(deadline.saturating_duration_since(Instant::now()));
        if rest == 0 || rest < cost.item_nanos {
            return usize::from(is_first && left > 0);
        }
        let half = (rest / 2).checked_div(cost.item_nanos).unwrap_or(1);
        usize::try_from(half).unwrap_or(usize::MAX).clamp(1, left.max(1)).min(left)
    }

    /// Does items `next..count` by calling `work` with ranges of them, while time or amount is left; an item costs
    /// `price`. Returns whether all are done.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn work<E>(
        &mut self,
        cost: &mut Cost,
        price: i64,
        next: &mut usize,
        count: usize,
        mut work: impl FnMut(Range<usize>) -> Result<(), E>,
    ) -> Result<bool, E> {
        while *next < count {
            let items = self.allow(*cost, price, count - *next);
            if items == 0 {
                return Ok(false);
            }
            let begin = Instant::now();
            work(*next..*next + items)?;
            *next += items;
            if self.has_deadline() {
                cost.learn(nanos(begin.elapsed()) / items as u64);
            }
        }
        Ok(true)
    }

    /// As [`Self::work`], for `count` items that cannot be split and cost `price` together.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn work_whole<E>(
        &mut self,
        cost: &mut Cost,
        price: i64,
        count: usize,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<bool, E> {
        let items = count.max(1) as u64;
        let of_piece = Cost { item_nanos: cost.item_nanos.saturating_mul(items) };
        if self.allow(of_piece, price, 1) == 0 {
            return Ok(false);
        }
        let begin = Instant::now();
        work()?;
        if self.has_deadline() {
            cost.learn(nanos(begin.elapsed()) / items);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_done(budget: &mut TimeBudget, cost: &mut Cost, count: usize) -> (usize, bool) {
        let mut next = 0;
        let mut done = 0;
        let all = budget.work(cost, 1, &mut next, count, |items| {
            done += items.len();
            std::thread::sleep(Duration::from_micros(200) * u32::try_from(items.len()).unwrap());
            Ok::<_, ()>(())
        });
        assert_eq!(next, done);
        (done, all.unwrap())
    }

    #[test]
    fn without_a_limit_all_items_are_done_at_once() {
        let mut pieces = 0;
        let mut next = 3;
        let all = TimeBudget::unbounded().work(&mut Cost::default(), 1, &mut next, 900, |items| {
            pieces += 1;
            assert_eq!(items, 3..900);
            Ok::<_, ()>(())
        });
        assert_eq!((all, pieces, next), (Ok(true), 1, 900));
    }

    #[test]
    fn a_call_does_at_least_one_item_and_stops_before_one_that_does_not_fit() {
        let mut cost = Cost::default();
        let mut over = TimeBudget::until(Instant::now());
        assert_eq!(count_done(&mut over, &mut cost, 10), (1, false));
        assert_eq!(
            count_done(&mut over, &mut cost, 10),
            (0, false),
            "a call does one item, not one of each kind"
        );
        let begin = Instant::now();
        let mut some = TimeBudget::until(begin + Duration::from_millis(20));
        let (done, all) = count_done(&mut some, &mut cost, 1_000);
        assert!(!all && (2..100).contains(&done), "{done} items of 0.2 ms in 20 ms");
        assert!(begin.elapsed() < Duration::from_millis(30), "{:?}", begin.elapsed());
        let mut whole = TimeBudget::until(Instant::now() + Duration::from_millis(1));
        assert_eq!(count_done(&mut whole, &mut cost, 1).0, 1);
        assert_eq!(whole.work_whole(&mut cost, 1, 1_000, || Ok::<_, ()>(())), Ok(false));
        assert_eq!(TimeBudget::until(begin).work_whole(&mut cost, 1, 1_000, || Ok::<_, ()>(())), Ok(true));
    }

    #[test]
    fn an_amount_is_charged_by_price_and_not_by_time() {
        let mut cost = Cost::default();
        let mut next = 0;
        let mut budget = TimeBudget::amount(25);
        let all = budget.work(&mut cost, 10, &mut next, 100, |_| Ok::<_, ()>(()));
        // The third item starts with what is left.
        assert_eq!((all, next, budget.left()), (Ok(false), 3, -5));
        assert_eq!(budget.work_whole(&mut cost, 1, 1, || Ok::<_, ()>(())), Ok(false));
        let mut rest = TimeBudget::amount(1_000);
        assert_eq!(rest.work(&mut cost, 10, &mut next, 100, |_| Ok::<_, ()>(())), Ok(true));
        assert_eq!((rest.left(), cost.item_nanos), (30, 0));
        rest.charge(40);
        assert_eq!(rest.left(), -10);
    }

    #[test]
    fn one_slow_item_at_most_doubles_the_cost() {
        let mut cost = Cost::default();
        cost.learn(100);
        cost.learn(1_000_000);
        assert_eq!(cost.item_nanos, 200);
        (0..200).for_each(|_| cost.learn(100));
        assert!(cost.item_nanos < 120);
    }
}
