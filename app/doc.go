// Package app puts Billfold together: configuration in, a running program out.
//
// It builds base, core, product and edge in that order, once, and holds no rule of the domain. What it promises:
//
//   - One [Config], of which every zero works. Nobody else reads flags, the environment or a file.
//   - An installation is a sandbox or it is live, from its first start and for ever; the other mode is refused, and so is
//     a keyring that belongs to another database.
//   - The sandbox's clock moves through [App.AdvanceClock] alone. Where it stands is on disk before anybody sees it move,
//     so a restart goes on from there.
//   - A server that is told to stop accepts nothing more, finishes what it accepted, tells what is still to be told,
//     and only then closes the database and the keyring; all of it within [StopLimit].
//   - Whatever keeps it from starting is one named fault that says what to do.
//
// Everything runs on two clocks. Business time ([App.Clock]) is what deadlines and bookings read; in a sandbox it can be
// moved forward. Real time is what sessions, codes, leases, throttles and signatures read.
package app
