// Package insight says where a person's money goes: by category and month, against the budgets they set.
//
// Promise: what is shown is made from what was paid, as the outbox tells it, each payment once. A category comes from the shop's
// merchant category code (ISO 18245) and no third party; a person who says otherwise about a payee is remembered, for what was and
// what comes. A budget tells its owner once a month at 80 % and once at 100 %.
//
// Invariants:
//
//   - A month is the person's: it begins and ends at midnight in the time zone they chose (the installation's until then), also where a
//     clock is turned, and in February of a leap year. Facts keep moments; months are cut when they are read, so another zone cuts anew.
//   - Currencies never meet: sums are per currency, in 128 bits.
//   - The sums that are kept of a day are what its facts come to; `billfold verify` adds them up again.
//   - What comes back counts against what was spent with the same payee.
//   - Facts hold ids, codes and amounts. No name and no text of anybody is kept here.
//
// Tables: insight_fact, insight_sum, insight_began, insight_rule, insight_budget, insight_alert, insight_zone.
package insight
