package customers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"holdfast/customer"
	"holdfast/redisdb"
)

// rememberPut is how long a write is remembered: longer than any caller waits for its answer,
// so that none is repeated after that.
const rememberPut = time.Minute

// Put applies a change, and reports whether the customer is new. A change that changes nothing
// returns the customer as it is. It fails with customer.ErrStale, ErrExists or ErrErased. If the
// answer is lost, the client repeats the request: its name lets the script recognise its own
// success. For a minute a caller, too, may repeat a conditional write, as long as no other one
// came since.
func (s *Store) Put(ctx context.Context, ch customer.Change) (c customer.Customer, created bool, err error) {
	if err := ch.Validate(); err != nil {
		return customer.Customer{}, false, err
	}
	call, err := putting(ch)
	if err != nil {
		return customer.Customer{}, false, fmt.Errorf("put customer %s: %w", ch.ID, err)
	}
	answer, err := redisdb.Slice(redisdb.Run(ctx, s.rdb, call)[0])
	if err == nil {
		c, created, err = readPut(ch, answer)
	}
	if err != nil {
		return customer.Customer{}, false, fmt.Errorf("put customer %s: %w", ch.ID, err)
	}
	return c, created, nil
}

func putting(ch customer.Change) (redisdb.Call, error) {
	match, profile, attached, level := "", "", "", ""
	if ch.IfMatch != nil {
		match = strconv.FormatInt(*ch.IfMatch, 10)
	}
	if ch.Profile != nil {
		doc, err := json.Marshal(ch.Profile)
		if err != nil {
			return redisdb.Call{}, fmt.Errorf("encode the profile: %w", err)
		}
		profile = string(doc)
	}
	if ch.Standing != nil {
		doc, err := json.Marshal(ch.Standing.Attachments)
		if err != nil {
			return redisdb.Call{}, fmt.Errorf("encode what staff attached: %w", err)
		}
		attached, level = string(doc), strconv.Itoa(ch.Standing.Level)
	}
	return redisdb.Call{
		Script: putScript,
		Keys:   append(keys(ch.ID), putKey(ch.ID, rand.Text()), putKey(ch.ID, replacement(match, profile, attached, level))),
		Args:   []any{ch.ID, match, profile, attached, level, ch.At.UnixMilli(), int64(rememberPut / time.Second)},
	}, nil
}

// replacement names what a request does, so that its caller may repeat it: RFC 9110,
// section 13.1.1, lets a conditional request succeed that has already been applied.
func replacement(parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		hash.Write(fmt.Appendf(nil, "%d:%s", len(part), part))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func readPut(ch customer.Change, answer []any) (c customer.Customer, created bool, err error) {
	switch answer[0] {
	case "PUT":
		if len(answer) < 2 {
			return c, false, fmt.Errorf("the script answered %d values", len(answer))
		}
		c, err = decode(ch.ID, answer[2:])
		return c, answer[1] == "1", err
	case "STALE":
		if *ch.IfMatch == customer.NotThere {
			return c, false, customer.ErrExists
		}
		return c, false, customer.ErrStale
	case "ERASED":
		return c, false, customer.ErrErased
	default:
		return c, false, fmt.Errorf("the script answered %q", answer[0])
	}
}
