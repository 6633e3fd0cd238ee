package tracking

import (
	"context"
	"fmt"

	"holdfast/carrier"
	"holdfast/redisdb"
)

// maxLater limits what TakenLater remembers. What is beyond it is forgotten, and the scan is passed
// on again if it is repeated.
const maxLater = 1000

// takenCall returns the script's call. While the workflow may still drop the scan, it counts only as long
// as the package has the number.
func takenCall(t carrier.Taken, which string) redisdb.Call {
	return redisdb.Call{Script: takenScript, Keys: keysOf(t.Number), Args: []any{
		t.EventID, ownerName(t.OrderID, t.PackageID), scanName(t.Number, t.EventID), which,
	}}
}

// Taken records scans that workflows have recorded.
func (s *Store) Taken(ctx context.Context, all ...carrier.Taken) error {
	calls := make([]redisdb.Call, len(all))
	for i, t := range all {
		if err := t.Check(); err != nil {
			return err
		}
		calls[i] = takenCall(t, "")
	}
	for i, a := range s.run(ctx, calls) {
		if err := a.Err(); err != nil {
			return fmt.Errorf("record that order %s has scan %s: %w", all[i].OrderID, all[i].EventID, err)
		}
	}
	return nil
}

// TakenLater records that a workflow was told a scan, with the next Scans or Flush. If the process
// dies before, a repeated scan is passed on once more, which changes nothing.
func (s *Store) TakenLater(t carrier.Taken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.later) < maxLater {
		s.later = append(s.later, takenCall(t, "owner"))
	}
}

func (s *Store) takeLater() []redisdb.Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.later
	s.later = nil
	return calls
}

// Flush records what TakenLater was told.
func (s *Store) Flush(ctx context.Context) error {
	for _, a := range s.run(ctx, s.takeLater()) {
		if err := a.Err(); err != nil {
			return fmt.Errorf("record the scans that orders were told: %w", err)
		}
	}
	return nil
}
