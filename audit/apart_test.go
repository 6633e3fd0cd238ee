package audit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/redisdb/redistest"
)

// ship pays an order of three lamps and packs it into two packages, one of which has left. A
// unit was cancelled before.
func (s *shop) ship() string {
	id := s.pay(s.place(4, 0))
	o := s.work.orders[id].order
	o.Fulfil(time.Now().UTC())
	s.record(o, true)
	s.change(id, func(o *order.Order) error {
		return o.Change("cancelled", "me", time.Now(), nil, func(f *order.Fulfilment) error {
			defer func() { f.Lines[0].Restocked = 0 }() // the stock refused it
			return f.CancelUnits(order.Removal{
				ID: "c1", Lines: []order.LineUnits{{LineID: o.Lines[0].ID, Quantity: 1}}, At: time.Now().UTC(),
			})
		})
	})
	for name, units := range map[string]int64{"a": 1, "b": 2} {
		s.change(id, func(o *order.Order) error {
			return o.Change("packed", "me", time.Now(), nil, func(f *order.Fulfilment) error {
				return f.Pack(order.Package{ID: name, CreatedAt: time.Now(), Items: []order.LineUnits{{LineID: o.Lines[0].ID, Quantity: units}}})
			})
		})
	}
	s.scan(id, "a", "left", order.NodeLeftWarehouse)
	return id
}

func (s *shop) change(id string, apply func(o *order.Order) error) {
	s.t.Helper()
	o := s.work.orders[id].order.Clone()
	require.NoError(s.t, apply(&o))
	s.record(o, true)
}

func (s *shop) scan(id, packageID, event string, n order.Node) {
	s.t.Helper()
	s.change(id, func(o *order.Order) error {
		require.Equal(s.t, order.TakenNew, o.Report(packageID, order.PackageEvent{
			ID: event, Node: n, OccurredAt: time.Now(), RecordedAt: time.Now(), Actor: "carrier",
		}, time.Now()))
		return nil
	})
}

// edit changes the stored document of an order.
func (s *shop) edit(id string, change func(doc map[string]any)) {
	s.t.Helper()
	text, err := s.rdb.HGet(s.t.Context(), orderKey(id), "doc").Bytes()
	require.NoError(s.t, err)
	var doc map[string]any
	require.NoError(s.t, json.Unmarshal(text, &doc))
	change(doc)
	text, err = json.Marshal(doc)
	require.NoError(s.t, err)
	s.do("HSET", orderKey(id), "doc", text)
}

func (s *shop) editLine(id, field string, value any) {
	s.edit(id, func(doc map[string]any) { doc["lines"].([]any)[0].(map[string]any)[field] = value })
}

func TestDamageBesideADocumentIsFoundAndRepaired(t *testing.T) {
	for _, d := range []struct {
		name string
		do   func(s *shop, id string)
		want []Finding
		left []Finding
	}{
		{name: "nothing", do: func(*shop, string) {}},
		{
			name: "package missing",
			do:   func(s *shop, id string) { s.do("HDEL", packagesKey(id), "a") },
			want: []Finding{{Kind: KindPackageMissing, PackageID: "a"}},
		},
		{
			name: "all packages missing",
			do:   func(s *shop, id string) { s.lose(packagesKey(id)) },
			want: []Finding{{Kind: KindPackageMissing, PackageID: "a"}, {Kind: KindPackageMissing, PackageID: "b"}},
		},
		{
			name: "package older",
			do: func(s *shop, id string) {
				restore := s.save(packagesKey(id))
				s.scan(id, "b", "left b", order.NodeLeftWarehouse)
				restore()
			},
			want: []Finding{{Kind: KindPackageDiffers, PackageID: "b"}},
		},
		{
			name: "package newer",
			do:   func(s *shop, id string) { s.do("HSET", packagesKey(id), "a", s.packageWith(id, "a", "version", 99)) },
			want: []Finding{{Kind: KindPackageDiffers, PackageID: "a"}},
		},
		{
			name: "package of the same version with another content",
			do: func(s *shop, id string) {
				s.do("HSET", packagesKey(id), "a", s.packageWith(id, "a", "service", "express"))
			},
			want: []Finding{{Kind: KindPackageDiffers, PackageID: "a"}},
		},
		{
			name: "package that the order doesn't have",
			do:   func(s *shop, id string) { s.do("HSET", packagesKey(id), "z", s.packageWith(id, "a", "id", "z")) },
			want: []Finding{{Kind: KindPackageUnknown, PackageID: "z"}},
		},
		{
			name: "package that can't be read",
			do:   func(s *shop, id string) { s.do("HSET", packagesKey(id), "a", "{") },
			want: []Finding{{Kind: KindDocumentUnreadable}},
		},
		{
			name: "digests of packages missing",
			do:   func(s *shop, id string) { s.do("HDEL", orderKey(id), "packed") },
			want: []Finding{{Kind: KindPackageDiffers}},
		},
		{
			name: "list of published facts missing",
			do:   func(s *shop, id string) { s.do("HDEL", orderKey(id), "published") },
			want: []Finding{{Kind: KindFactsDiffer}},
		},
		{
			name: "list of published facts with others",
			do:   func(s *shop, id string) { s.do("HSET", orderKey(id), "published", "f1 f2") },
			want: []Finding{{Kind: KindFactsDiffer}},
		},
		{
			name: "removed units of a line",
			do:   func(s *shop, id string) { s.editLine(id, "removed", 3) },
			want: []Finding{{Kind: KindDocumentDiffers}},
		},
		{
			name: "restocked units that nothing returned",
			do:   func(s *shop, id string) { s.editLine(id, "restocked", 2) },
			want: []Finding{{Kind: KindDocumentDiffers}},
		},
		{
			name: "damaged units below zero",
			do:   func(s *shop, id string) { s.editLine(id, "damaged", -1) },
			want: []Finding{{Kind: KindDocumentDiffers}},
		},
		{
			name: "progress of another order",
			do:   func(s *shop, id string) { s.edit(id, func(doc map[string]any) { doc["progress"] = []any{} }) },
			want: []Finding{{Kind: KindDocumentDiffers}},
		},
		{
			name: "return with a refund above what was paid",
			do: func(s *shop, id string) {
				s.edit(id, func(doc map[string]any) { doc["returns"] = []any{map[string]any{"id": "r", "refund": 1e9}} })
			},
			want: []Finding{{Kind: KindDocumentDiffers}},
		},
		{
			name: "document that says closed while its workflow is running",
			do:   func(s *shop, id string) { s.edit(id, func(doc map[string]any) { doc["closedAt"] = time.Now() }) },
			want: []Finding{{Kind: KindDocumentDiffers}},
		},
		{
			name: "workflow whose units don't add up",
			do: func(s *shop, id string) {
				s.change(id, func(o *order.Order) error { o.Lines[0].Damaged = 3; o.Version++; return nil })
			},
			want: []Finding{{Kind: KindQuantitiesDiffer}}, left: []Finding{{Kind: KindQuantitiesDiffer}},
		},
		{
			name: "workflow that refunds more than was paid",
			do: func(s *shop, id string) {
				s.change(id, func(o *order.Order) error { o.Removals[0].Refund = 1_000_000; o.Version++; return nil })
			},
			want: []Finding{{Kind: KindAmountsDiffer}, {Kind: KindPartRefundDiffers}},
			left: []Finding{{Kind: KindAmountsDiffer}, {Kind: KindPartRefundDiffers}},
		},
	} {
		t.Run(d.name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
				s := openShop(t, rdb)
				id := s.ship()
				require.Empty(t, s.audit())
				d.do(s, id)
				about := func(all []Finding) []Finding {
					var mine []Finding
					for _, f := range all {
						require.Equal(t, id, f.OrderID)
						mine = append(mine, Finding{Kind: f.Kind, PackageID: f.PackageID})
					}
					return mine
				}
				require.ElementsMatch(t, d.want, about(s.audit()))
				left, _ := s.repair()
				require.ElementsMatch(t, d.left, about(left))
				if d.left == nil {
					s.scan(id, "a", "there", order.NodeDelivered)
					s.scan(id, "b", "there", order.NodeDelivered)
					require.Empty(t, s.audit(), "it goes on from what was written; delivered and open is right")
				}
			})
		})
	}
}

func (s *shop) packageWith(id, packageID, field string, value any) string {
	s.t.Helper()
	text, err := s.rdb.HGet(s.t.Context(), packagesKey(id), packageID).Bytes()
	require.NoError(s.t, err)
	var doc map[string]any
	require.NoError(s.t, json.Unmarshal(text, &doc))
	doc[field] = value
	text, err = json.Marshal(doc)
	require.NoError(s.t, err)
	return string(text)
}
