package records

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"holdfast/order"
	"holdfast/product"
	"holdfast/quota"
	"holdfast/redisdb"
)

const (
	// sentAtOnce is how many facts are sent before the store asks for them. Up to this number,
	// that costs less than a second round trip.
	sentAtOnce = 48
	// maxSendings is how often a record is sent. The store asks for what it lacks; only if it
	// changes between two sendings may it ask again.
	maxSendings = 3
)

// Put stores the record if its version is newer than the stored one or its placement is
// later, and its payments if they differ. An order that is paid or has ended gives up its
// places among the open orders of its customer and network. Repeating the call changes nothing.
//
// Of packages and facts, names and digests are always sent, the rest only as far as it is
// likely to be new: an order may have a thousand facts, and a megabyte of packages. The
// store answers what it lacks, for example after an older copy of Redis was restored.
func (s *Store) Put(ctx context.Context, r order.Record) error {
	if r.Version < 1 {
		return fmt.Errorf("put the document of order %s: version %d is below 1", r.OrderID, r.Version)
	}
	var beside []redisdb.Call
	for _, owner := range append(product.Buyers(r.CustomerID), product.Buyers(r.Network)...) {
		if quota.Ended(r.Status) && product.ValidBuyer(owner) {
			beside = append(beside, quota.Leave(owner, product.Holder{OrderID: r.OrderID, PlacedAt: r.PlacedAt}, r.Status))
		}
	}
	for send := likelyNew(r); ; beside = nil {
		answer, err := s.run(ctx, putScript, r.OrderID, putArgs(r, send), beside...)
		if err != nil {
			return fmt.Errorf("put the document of order %s: %w", r.OrderID, err)
		}
		parts, err := redisdb.Slice(answer)
		if err != nil {
			return err
		}
		if at, gone := erasedAt(parts); gone {
			if r, err = r.Erased(at); err != nil {
				return fmt.Errorf("put the document of order %s, which was erased: %w", r.OrderID, err)
			}
			send = everything(r, 0)
			continue
		}
		packages, facts, lacks := s.readPut(parts)
		if !lacks {
			return nil
		}
		if send.times++; send.times >= maxSendings {
			return fmt.Errorf("put the document of order %s: it was replaced each time that it was sent", r.OrderID)
		}
		send.add(packages, facts)
		if send.times == maxSendings-1 {
			send = everything(r, send.times)
		}
	}
}

// sending says which packages and facts are sent in full.
type sending struct {
	packages, facts map[string]bool
	times           int
}

func (s *sending) add(packages, facts []string) {
	for _, id := range packages {
		s.packages[id] = true
	}
	for _, id := range facts {
		s.facts[id] = true
	}
}

func everything(r order.Record, times int) sending {
	all := sending{packages: map[string]bool{}, facts: map[string]bool{}, times: times}
	all.add(sortedKeys(r.Packages), factIDs(r.Facts))
	return all
}

// likelyNew returns the packages that changed, and the facts about them or about the whole
// order if these are few.
func likelyNew(r order.Record) sending {
	if r.Changed == nil && len(r.Facts) <= sentAtOnce {
		return everything(r, 0)
	}
	likely := sending{packages: map[string]bool{}, facts: map[string]bool{}}
	if r.Changed == nil {
		likely.add(sortedKeys(r.Packages), nil)
		return likely
	}
	likely.add(r.Changed, nil)
	for _, f := range r.Facts {
		if f.PackageID == "" || likely.packages[f.PackageID] {
			likely.facts[f.ID] = true
		}
	}
	if len(likely.facts) > sentAtOnce {
		clear(likely.facts)
	}
	return likely
}

// readPut reads which packages and facts the store asks for or, if it has all of them, which alerts it
// published.
func (s *Store) readPut(parts []any) (packages, facts []string, lacks bool) {
	text := func(i int) string {
		t, _ := parts[i].(string)
		return t
	}
	if parts[0] == int64(-1) {
		return strings.Fields(text(1)), strings.Fields(text(2)), true
	}
	for rule := range strings.FieldsSeq(text(2)) {
		s.raised(order.AlertRule(rule))
	}
	return nil, nil, false
}

func putArgs(r order.Record, send sending) []any {
	args := []any{r.OrderID, r.Version, r.Doc, string(r.Status), r.CustomerID, placedMillis(r)}
	args = appendApart(args, r, send)
	for _, id := range sortedKeys(r.Payments) {
		args = append(args, paymentField(id), r.Payments[id])
	}
	return args
}

// appendApart adds an order's facts and packages: the ids of all facts and how many of them
// follow, the digests of all packages and how many follow, whether all of it is an erased
// order's, and those that are sent.
func appendApart(args []any, r order.Record, send sending) []any {
	at := len(args)
	args = append(args, strings.Join(factIDs(r.Facts), " "), 0, Digests(r.Packages), 0, "")
	if !r.ErasedAt.IsZero() {
		args[at+4] = isErased
	}
	for _, f := range r.Facts {
		if send.facts[f.ID] {
			doc, _ := json.Marshal(f) // it has nothing that can't be encoded
			args = append(args, f.ID, doc)
		}
	}
	facts := (len(args) - at - 5) / 2
	for _, id := range sortedKeys(r.Packages) {
		if send.packages[id] {
			args = append(args, id, r.Packages[id])
		}
	}
	args[at+1], args[at+3] = facts, (len(args)-at-5)/2-facts
	return args
}

func factIDs(facts []order.Fact) []string {
	ids := make([]string, len(facts))
	for i, f := range facts {
		ids[i] = f.ID
	}
	return ids
}

// Digests names each package with a digest of its document: "<id>:<digest>", separated by
// spaces.
func Digests(packages map[string][]byte) string {
	all := make([]string, 0, len(packages))
	for id, doc := range packages {
		sum := sha256.Sum256(doc)
		all = append(all, id+":"+hex.EncodeToString(sum[:6]))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}
