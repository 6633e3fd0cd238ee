package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast/order"
	"holdfast/records"
)

// Apart is what Redis stores beside an order's document.
type Apart struct {
	// Packages by id, unparsed.
	Packages map[string][]byte
	// Digests of the packages as they were written.
	Digests string
	// Published are the ids of the order's facts that were published.
	Published []string
}

// apartFindings compares what lies beside a document with the document alone. What differs
// from the workflow as well is for packageFindings.
func apartFindings(d Document) []Finding {
	if !d.Found || d.Unreadable != "" || d.Cold != nil {
		return nil
	}
	var found []Finding
	written, stored := byPackage(d.Digests), byPackage(records.Digests(d.Packages))
	for id := range written {
		if _, there := stored[id]; !there {
			found = append(found, packageFinding(KindPackageMissing, d.OrderID, id, "it was written, and is gone"))
		}
	}
	for id, digest := range stored {
		switch was, there := written[id]; {
		case !there:
			found = append(found, packageFinding(KindPackageUnknown, d.OrderID, id, "it was not written with the order's document"))
		case was != digest:
			found = append(found, packageFinding(KindPackageDiffers, d.OrderID, id, "it is not what was written"))
		}
	}
	return append(found, factFindings(d, &d.Order)...)
}

// byPackage reads digests: "<id>:<digest>", separated by spaces.
func byPackage(digests string) map[string]string {
	all := map[string]string{}
	for part := range strings.FieldsSeq(digests) {
		id, digest, _ := strings.Cut(part, ":")
		all[id] = digest
	}
	return all
}

func packageFinding(k Kind, orderID, packageID, format string, args ...any) Finding {
	return Finding{Kind: k, OrderID: orderID, PackageID: packageID, Detail: fmt.Sprintf(format, args...)}
}

// factFindings compares the facts that were published with those of the order.
func factFindings(d Document, o *order.Order) []Finding {
	if o.Shape < 2 {
		return nil // its status is published
	}
	published := map[string]bool{}
	for _, id := range d.Published {
		published[id] = true
	}
	var missing []string
	facts := o.Facts()
	for _, f := range facts {
		if !published[f.ID] {
			missing = append(missing, f.String())
		}
		delete(published, f.ID)
	}
	if len(missing) == 0 && len(published) == 0 {
		return nil
	}
	return []Finding{{
		Kind: KindFactsDiffer, OrderID: d.OrderID, Units: int64(len(missing)),
		Detail: fmt.Sprintf("of %d facts %d were never published (%s), and %d were published that it doesn't have",
			len(facts), len(missing), strings.Join(missing[:min(len(missing), maxNamed)], ", "), len(published)),
	}}
}

// maxNamed limits the facts that a finding names.
const maxNamed = 5

// packageFindings compares what is stored with the order that its workflow returned, which
// has the same version.
func packageFindings(d Document, o *order.Order) ([]Finding, error) {
	truth, err := order.NewRecord(o, nil)
	if err != nil {
		return nil, err
	}
	stored, err := order.NewRecord(&d.Order, nil) // encoded by this program, like truth
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, id := range slices.Sorted(maps.Keys(truth.Packages)) {
		was := d.Order.Package(id)
		switch now := o.Package(id); {
		case was == nil:
			found = append(found, packageFinding(KindPackageMissing, d.OrderID, id, "its workflow has version %d", now.Version))
		case was.Version != now.Version:
			found = append(found, packageFinding(KindPackageDiffers, d.OrderID, id, "it has version %d, its workflow has %d", was.Version, now.Version))
		case !bytes.Equal(stored.Packages[id], truth.Packages[id]):
			found = append(found, packageFinding(KindPackageDiffers, d.OrderID, id, "its version %d has another content than its workflow's", was.Version))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(stored.Packages)) {
		if _, there := truth.Packages[id]; !there {
			found = append(found, packageFinding(KindPackageUnknown, d.OrderID, id, "its workflow has no such package"))
		}
	}
	if len(found) == 0 && records.Digests(d.Packages) != d.Digests {
		found = append(found, packageFinding(KindPackageDiffers, d.OrderID, "", "the packages are right, but their digests aren't"))
	}
	return append(found, factFindings(d, o)...), nil
}

// goodsDiffer reports whether two documents say different things about an order's units and
// the money for them.
func goodsDiffer(a, b *order.Order) bool {
	if a.Fulfilment == nil || b.Fulfilment == nil {
		return a.Fulfilment != b.Fulfilment
	}
	goods := func(o *order.Order) []byte {
		text, err := json.Marshal(struct {
			Lines    []order.Line
			Removals []order.Removal
			Returns  []order.Return
			Node     order.Node
			Progress []order.NodeUnits
		}{o.Lines, o.Removals, o.Returns, o.At, o.Units})
		if err != nil {
			return []byte(err.Error()) // a damaged node has no name
		}
		return text
	}
	return !bytes.Equal(goods(a), goods(b))
}
