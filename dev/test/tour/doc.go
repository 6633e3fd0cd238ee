// Package tour runs what the documents tell a reader to run. It takes the
// fenced blocks of README.md, docs/tour.md and docs/runbook.md as they stand, one
// after the other, against the real programs, and compares the output with what
// the documents show: when the two drift apart, a test fails.
//
//   - A block marked sh is run, in one bash session per document.
//   - A block marked text or json right after it lists lines that the output must
//     contain, in this order; … stands for anything.
//   - A block that only reads views (searches, lists, events) is run again for some
//     seconds until it prints them: views lag behind what they show.
//   - `make run` in a block starts the embedded stack with the variables in front of
//     it, and ends the stack before it. A line that begins with stopLine ends it.
//   - `make test` is not run, since this test is part of it: TestMake checks what it
//     would do.
//   - In the runbook, a block marked bash needs services that the tests don't have,
//     and is not run. README and tour have no such blocks: any other mark than
//     mermaid is an error there.
//
// It also checks that the links of all documents lead somewhere.
package tour
