package shop

import (
	"errors"
	"slices"

	"holdfast/client"
)

// problem returns the API's refusal if it is of one of these kinds, or else nil.
func problem(err error, kinds ...string) *client.Problem {
	p, ok := errors.AsType[*client.Problem](err)
	if ok && (len(kinds) == 0 || slices.Contains(kinds, p.Kind())) {
		return p
	}
	return nil
}
