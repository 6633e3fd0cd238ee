package workflows_test

import (
	"time"

	"holdfast/product"
	"holdfast/redisdb"
)

// What happens to an order's products from outside.

// othersHold lets another order hold nine mugs of ten.
func (s *scenario) othersHold() {
	s.Helper()
	holds, err := s.stock.Hold(s.Context(), []product.HoldRequest{{
		ProductID: "mug", OrderID: "other", Try: 1, Deadline: time.Now().Add(time.Hour),
		Lines: []product.HoldLine{{Quantity: 9, Price: product.AnyPrice}},
	}})
	s.NoError(err)
	s.Equal(product.HoldMade, holds[0].Outcome)
	s.foreign["mug"] = 9
}

func (s *scenario) othersGiveBack() {
	_, err := s.stock.Release(s.Context(), product.Holder{OrderID: "other"}, 1, []string{"mug"}, "customer")
	s.NoError(err)
	s.foreign["mug"] = 0
}

// goMissing takes units from the shelf.
func (s *scenario) goMissing(id string, quantity int64) {
	delta := -quantity
	_, err := s.stock.Adjust(s.Context(), product.Adjustment{
		ProductID: id, ActionID: time.Now().String(), Delta: &delta, Reason: "damaged", Actor: "operator",
	})
	s.NoError(err)
	s.removed[id] += quantity
}

// losesHold makes a product forget the order's hold, as a copy of Redis restored from
// before the hold does.
func (s *scenario) losesHold(id string) {
	bucket := redisdb.Bucket(id)
	s.redis.Del(bucket + ":hold:" + id + ":" + orderID)
	_, err := s.redis.ZRem(bucket+":holds:"+id, orderID)
	s.NoError(err)
	_, err = s.redis.ZRem(bucket+":deadlines", id+"/"+orderID)
	s.NoError(err)
	s.redis.HSet(bucket+":product:"+id, "held:"+id+"-1", "0")
}

// givesBackHold releases the order's hold behind its back.
func (s *scenario) givesBackHold(id string) {
	_, err := s.stock.Release(s.Context(), product.Holder{OrderID: orderID}, 1, []string{id}, "swept")
	s.NoError(err)
}

// reprices changes the product's price from now on.
func (s *scenario) reprices(id string, price int64) {
	_, _, err := s.stock.Put(s.Context(), id, product.Spec{
		Description: product.Description{Title: "A " + id}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: id + "-1", Price: price}},
	}, nil)
	s.NoError(err)
}

// keep stores what Redis has of a product and of the order's hold; the function that it
// returns restores it, as a new master does that lacks the latest writes.
func (s *scenario) keep(id string) (lose func()) {
	s.Helper()
	bucket := redisdb.Bucket(id)
	keys := []string{
		bucket + ":product:" + id, bucket + ":hold:" + id + ":" + orderID, bucket + ":holds:" + id, bucket + ":deadlines",
	}
	dumps := make(map[string]func() error, len(keys))
	for _, key := range keys {
		switch s.rdb.Type(s.Context(), key).Val() {
		case "hash":
			fields, err := s.rdb.HGetAll(s.Context(), key).Result()
			s.NoError(err)
			dumps[key] = func() error { return s.rdb.HSet(s.Context(), key, fields).Err() }
		case "zset":
			members, err := s.rdb.ZRangeWithScores(s.Context(), key, 0, -1).Result()
			s.NoError(err)
			dumps[key] = func() error { return s.rdb.ZAdd(s.Context(), key, members...).Err() }
		}
	}
	return func() {
		s.Helper()
		for _, key := range keys {
			s.redis.Del(key)
			if dumps[key] != nil {
				s.NoError(dumps[key]())
			}
		}
	}
}
