package elastic

import (
	"context"
	"time"

	"holdfast/order"
	"holdfast/search"
)

// mostStatuses is far above how many there are.
const mostStatuses = 100

// CountOrders implements search.Index. Every shape of the view has what it needs.
func (x *Index) CountOrders(ctx context.Context, q search.OrderCountQuery) (search.OrderCounts, error) {
	if err := q.Validate(); err != nil {
		return search.OrderCounts{}, err
	}
	var counts search.OrderCounts
	err := x.read(ctx, "count orders", func(ctx context.Context) error {
		var err error
		counts, err = x.countOrders(ctx, q)
		return err
	})
	if err != nil {
		return search.OrderCounts{}, err
	}
	return counts, nil
}

func (x *Index) countOrders(ctx context.Context, q search.OrderCountQuery) (search.OrderCounts, error) {
	from, to := q.Span()
	byStatus := object{"statuses": object{"terms": object{"field": "status", "size": mostStatuses}}}
	body := object{"size": 0, "track_total_hits": true, "aggs": object{
		"statuses": byStatus["statuses"],
		"recent": object{
			"filter": object{"range": object{"derived.placed": object{"gte": from.UnixMicro(), "lt": to.UnixMicro()}}},
			"aggs": object{"hours": object{
				"date_histogram": object{"field": "placedAt", "fixed_interval": "1h", "min_doc_count": 1},
				"aggs":           byStatus,
			}},
		},
	}}
	var found struct {
		Hits struct {
			Total struct {
				Value int64 `json:"value"`
			} `json:"total"`
		} `json:"hits"`
		Aggregations struct {
			Statuses aggregation `json:"statuses"`
			Recent   struct {
				Hours struct {
					Buckets []struct {
						From     int64       `json:"key"` // milliseconds
						Statuses aggregation `json:"statuses"`
					} `json:"buckets"`
				} `json:"hours"`
			} `json:"recent"`
		} `json:"aggregations"`
	}
	if err := x.search(ctx, x.names.read(search.ViewOrders), body, &found); err != nil {
		return search.OrderCounts{}, err
	}
	counts := q.Counts()
	counts.Total = found.Hits.Total.Value
	for _, s := range found.Aggregations.Statuses.Buckets {
		counts.Statuses[order.Status(s.Key)] = s.Count
	}
	for _, hour := range found.Aggregations.Recent.Hours.Buckets {
		for _, s := range hour.Statuses.Buckets {
			counts.AddHour(time.UnixMilli(hour.From), order.Status(s.Key), s.Count)
		}
	}
	return counts, nil
}
