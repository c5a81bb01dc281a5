// Package gather lets callers who come at the same time share one piece of work: a transaction, most of all.
//
// Promises:
//
//   - A caller who is alone is served at once; nobody waits for a timer. A few who come while a group is under way may wait for its end.
//   - Callers are taken up in the order in which they came. One that leaves before that is not served; one that was taken up waits for
//     what becomes of it.
//   - No more wait than there is room for.
package gather
