package command_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/order"
)

// mayChange is what each scenario may change, written down apart from the rules in the code: the
// beginnings of what changedFields returns.
var mayChange = map[order.Scenario][]string{
	order.ScenarioSubmit: {
		"address.", "lines[+]", "lines.quantity", "metadata.", "tags", "made.review", "made.gifts",
	},
	order.ScenarioPrice:     {"adjustments", "tags", "made.review"},
	order.ScenarioPaid:      {"tags", "made.review"},
	order.ScenarioNode:      {"tags", "made.review"},
	order.ScenarioCancelled: {"tags", "made.review"},
}

// recorded are always allowed: what was changed is recorded.
var recorded = []string{"made.changes", "made.changed"}

// changedFields lists the fields in which two drafts differ.
func changedFields(a, b *command.Draft) (all []string) {
	differ := func(name string, x, y any) {
		if !reflect.DeepEqual(x, y) {
			all = append(all, name)
		}
	}
	before, after := reflect.ValueOf(&a.View).Elem(), reflect.ValueOf(&b.View).Elem()
	for i := range before.NumField() {
		f := before.Type().Field(i)
		switch name := f.Tag.Get("json"); name {
		case "lines", "address", "metadata":
		default:
			differ(name, before.Field(i).Interface(), after.Field(i).Interface())
		}
	}
	if a.View.Address != b.View.Address {
		x, y := reflect.ValueOf(a.View.Address), reflect.ValueOf(b.View.Address)
		for i := range x.NumField() {
			differ("address."+x.Type().Field(i).Tag.Get("json"), x.Field(i).Interface(), y.Field(i).Interface())
		}
	}
	for key := range maps.Keys(a.View.Metadata) {
		if to, there := b.View.Metadata[key]; !there || to != a.View.Metadata[key] {
			all = append(all, "metadata."+key)
		}
	}
	for key := range maps.Keys(b.View.Metadata) {
		if _, there := a.View.Metadata[key]; !there {
			all = append(all, "metadata."+key)
		}
	}
	if len(b.View.Lines) < len(a.View.Lines) {
		all = append(all, "lines[-]")
	} else if len(b.View.Lines) > len(a.View.Lines) {
		all = append(all, "lines[+]")
	}
	for i := range min(len(a.View.Lines), len(b.View.Lines)) {
		x, y := reflect.ValueOf(a.View.Lines[i]), reflect.ValueOf(b.View.Lines[i])
		for j := range x.NumField() {
			differ("lines."+x.Type().Field(j).Tag.Get("json"), x.Field(j).Interface(), y.Field(j).Interface())
		}
	}
	differ("adjustments", a.Adjustments, b.Adjustments)
	differ("at", a.At, b.At)
	x, y := reflect.ValueOf(a.Made), reflect.ValueOf(b.Made)
	for i := range x.NumField() {
		name, _, _ := strings.Cut(x.Type().Field(i).Tag.Get("json"), ",")
		differ("made."+name, x.Field(i).Interface(), y.Field(i).Interface())
	}
	return all
}

// patches makes random operations: of allowed paths, of all other fields of the view and of its lines, and of paths that
// look almost like them.
type patches struct {
	*rand.Rand
	paths []string
}

var (
	randomOps    = []command.Operation{command.OpSet, command.OpSet, command.OpAdd, command.OpAdd, command.OpRemove, "replace", ""}
	randomValues = []string{
		`"x"`, `"a b"`, `""`, `7`, `-7`, `1.5`, `null`, ``, `true`, `[1]`, `{}`, `{"amount":-3}`, `{"amount":3}`, `{"amount":-3,"line":"1"}`,
		`{"productId":"a","quantity":1}`, `{"productId":"a","quantity":1,"gift":true}`, `{"productId":"a","quantity":1,"gift":true,"cause":"1"}`,
		`{"productId":"a","quantity":1,"cause":"1"}`, `{"productId":"a","quantity":1,"unitPrice":0}`, `{"id":"1","total":0}`,
	}
	allowedPaths = []string{
		"/address/phone", "/address/country", "/address/recipient", "/address/postalCode", "/lines/1/quantity", "/lines/2/quantity", "/lines/-",
		"/metadata/a", "/metadata/b~1c", "/metadata/~0", "/lines/1/adjustments/-", "/adjustments/-", "/tags/-", "/tags/vip", "/tags/0", "/review",
	}
)

func newPatches(seed uint64) *patches {
	p := &patches{Rand: rand.New(rand.NewPCG(seed, 1)), paths: slices.Clone(allowedPaths)}
	for _, f := range command.Fields() {
		path := "/" + strings.ReplaceAll(f, ".", "/")
		p.paths = append(p.paths, path, strings.Replace(path, "/line/", "/lines/1/", 1), path+"/-", "/made"+path)
	}
	p.paths = append(p.paths, "", "/", "//", "lines/1/quantity", "/lines/*/quantity", "/lines/9/quantity", "/lines//quantity", "/Made/gifts", "/made/tags/-")
	return p
}

func (p *patches) one() command.Op {
	path := p.paths[p.IntN(len(p.paths))]
	allowed := p.IntN(2) == 0
	if allowed {
		path = allowedPaths[p.IntN(len(allowedPaths))]
	}
	if p.IntN(4) == 0 && path != "" && (!allowed || p.IntN(2) == 0) { // almost
		at := p.IntN(len(path))
		path = path[:at] + string("/-*~1a"[p.IntN(6)]) + path[at+p.IntN(2):]
	}
	return command.Op{
		Op: randomOps[p.IntN(len(randomOps))], Path: path, Value: json.RawMessage(randomValues[p.IntN(len(randomValues))]),
	}
}

func (p *patches) draft(s order.Scenario) *command.Draft {
	d := &command.Draft{View: command.View{
		Scenario: string(s), ID: "o1", CustomerID: "ada", Currency: "EUR", Total: 5, Items: 5, Status: "paid", Tags: []string{"vip", "0"},
		Address:  command.Address{Recipient: "Ada", Phone: "1", Line1: "1", City: "c", Country: "GB"},
		Metadata: map[string]string{"a": "1", "b/c": "2", "~": "3"}, Event: command.Event{Node: "delivered"}, Coupons: []string{"SPRING"},
		Lines: []command.Line{{ID: "1", ProductID: "mug", Quantity: 2, UnitPrice: 3, Total: 6, Tags: []string{"t"}}},
	}}
	if p.IntN(2) == 0 {
		d.View.Lines = append(d.View.Lines, command.Line{ID: "2", ProductID: "sticker", Quantity: 1, Gift: true})
		d.Made.Gifts = []order.Gift{{Line: 1, Command: "gift", Version: 1}}
	}
	if p.IntN(4) == 0 {
		d.Made.Review = &order.Review{Command: "hold-for-review", Version: 1, Reason: "earlier"}
	}
	return d
}

// A million random operations: none changes anything that its scenario doesn't allow, and all that they change is
// recorded. The draft that they worked on a copy of stays as it was.
func TestNoPatchChangesWhatItsScenarioDoesNotAllow(t *testing.T) {
	each := 200_000
	if testing.Short() {
		each = 2_000
	}
	for seed, s := range command.Scenarios() {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			p := newPatches(uint64(seed))
			by := command.Ref{ID: "c", Version: 1}
			applied, seen := 0, map[string]bool{}
			d := p.draft(s)
			for i := range each {
				if i%50 == 0 {
					d = p.draft(s)
				}
				op := p.one()
				next, err := d.Apply([]command.Op{op}, by)
				if i%50 == 0 {
					untouched := newDraftLike(d)
					_, _ = untouched.Apply([]command.Op{op}, by)
					require.Empty(t, changedFields(d, untouched), "the draft itself changed: %+v", op)
				}
				if err != nil {
					continue
				}
				applied++
				changed := changedFields(d, next)
				for _, f := range changed {
					allowed := slices.ContainsFunc(slices.Concat(mayChange[s], recorded), func(prefix string) bool {
						return strings.HasPrefix(f, prefix)
					})
					if !allowed {
						t.Fatalf("%s of %q with %s changes %s in %s", op.Op, op.Path, op.Value, f, s)
					}
					seen[f] = true
				}
				if (len(changed) > 0) != (next.Made.Changed == d.Made.Changed+1) {
					t.Fatalf("%s of %q with %s changes %v, and %d changes are recorded", op.Op, op.Path, op.Value, changed, next.Made.Changed-d.Made.Changed)
				}
				d = next
			}
			require.Greater(t, applied, each/200, "hardly any operation was allowed")
			for _, prefix := range mayChange[s] { // the test reaches all that is allowed
				require.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(f string) bool { return strings.HasPrefix(f, prefix) }), prefix)
			}
		})
	}
}

// newDraftLike returns a copy of the draft by way of JSON, which shares nothing with it.
func newDraftLike(d *command.Draft) *command.Draft {
	c := *d
	for _, part := range []struct{ from, to any }{{d.View, &c.View}, {d.Made, &c.Made}} {
		doc, err := json.Marshal(part.from)
		if err != nil {
			panic(fmt.Sprintf("encode a draft: %v", err))
		}
		reflect.ValueOf(part.to).Elem().SetZero()
		if err := json.Unmarshal(doc, part.to); err != nil {
			panic(fmt.Sprintf("read a draft: %v", err))
		}
	}
	c.Adjustments = slices.Clone(d.Adjustments)
	return &c
}
