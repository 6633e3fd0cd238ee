// Package tourtest runs what the documents tell a reader to run. It takes the
// fenced blocks of README.md and docs/runbook.md as they stand there, one after
// the other, against the real programs, and compares what comes back with what
// the documents say: when the two drift apart, a test fails.
//
//   - A block marked sh is run, in one bash session a document.
//   - A block marked text or json right after it lists lines that the output must
//     have, in this order; … stands for anything.
//   - A block that only reads views (searches, lists, events) is run again for some
//     seconds until it prints them: views follow what they show.
//   - `make run` in a block starts the embedded stack, with the variables before
//     it, and ends the one before it. A line that begins with stopLine ends it.
//   - A block marked bash needs services that the tests don't have: it is not run.
package tourtest
