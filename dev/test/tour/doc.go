// Package tour runs what the documents tell a reader to run. It takes the fenced
// blocks of README.md, docs/tour.md, docs/webhooks.md, docs/fulfilment.md and docs/runbook.md as they are,
// one after the other, against the real programs, and compares the output with what
// the documents show: if the two drift apart, a test fails.
//
//   - A block marked sh is run, in one bash session per document. Documents that no test
//     runs mark their commands bash.
//   - A block marked text or json right after it lists lines that the output must
//     contain, in this order; … stands for anything.
//   - A block that only reads views (searches, lists, events) is repeated for some
//     seconds until it prints them, because views lag behind.
//   - `make run` in a block stops the stack, if it is running, and starts it with the
//     variables in front of the command. A line that begins with stopLine stops it.
//   - `make test` is not run, because this test is part of it: TestMake checks what it
//     would do.
//   - In the runbook, a block marked bash needs services that the tests don't have, and
//     is not run. README and tour have no such blocks: the README may have mermaid
//     blocks, the page on webhooks http and jsonl blocks, and any other mark is an error.
//
// It also checks that the links in all documents lead somewhere.
package tour
