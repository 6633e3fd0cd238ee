package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/command"
	"holdfast/order"
	"holdfast/saga"
)

// commanded gives the order chains, and answers their runs.
func (s *scenario) commanded(run func(activities.RunCommandsParams) (order.Commanded, error), scenarios ...order.Scenario) {
	s.placement.Commands = &order.Commanded{Chains: map[order.Scenario]int64{}}
	for _, of := range scenarios {
		s.placement.Commands.Chains[of] = 7
	}
	s.env.RegisterActivityWithOptions(func(_ context.Context, p activities.RunCommandsParams) (order.Commanded, error) {
		return run(p)
	}, activity.RegisterOptions{Name: activities.NameRunCommands})
}

func TestAnOrderIsPackedOnlyOnceItsCommandsHaveRun(t *testing.T) {
	s := openPaid(t, line("mug", 1))
	var during order.Order
	s.commanded(func(p activities.RunCommandsParams) (order.Commanded, error) {
		s.Equal(int64(7), p.Chain)
		s.Equal([]command.Event{{}}, p.Events)
		during = s.document()
		return order.Commanded{Tags: []string{"vip"}, Changed: 1, Changes: []order.FieldChange{{Path: "/tags/-"}}}, nil
	}, order.ScenarioPaid)
	s.at(2*time.Minute, func() { s.deliver("d-1") })
	s.run()
	s.Equal(order.StatusPaid, during.Status)
	s.Equal(order.ActorCommands, during.Brake.Actor)
	o := s.now()
	s.Equal(order.StatusDelivered, o.Status)
	s.Equal([]string{"vip"}, o.Commands.Tags)
	s.Equal(1, o.Commands.Changed)
	s.Contains(s.nodes(), "commands_run")
}

func TestACommandThatAsksForAReviewKeepsThePaidOrderOnHold(t *testing.T) {
	s := openPaid(t, line("mug", 1))
	s.commanded(func(activities.RunCommandsParams) (order.Commanded, error) {
		return order.Commanded{Review: &order.Review{Command: "risk", Version: 2, Reason: "looks odd"}}, nil
	}, order.ScenarioPaid)
	var packed *asked
	s.at(2*time.Minute, func() { packed = s.pack("p-1", of("1", 1)) })
	s.at(3*time.Minute, func() {
		s.Equal("command:risk", s.now().Brake.Actor)
		s.ask(saga.ReleaseUpdate, "r-1", saga.HoldRequest{Actor: "support"})
	})
	s.at(4*time.Minute, func() { s.deliver("d-1") })
	s.run()
	s.Equal(saga.VerdictOnHold, packed.Verdict)
	s.Equal(order.StatusDelivered, s.now().Status)
}

// It is on hold for staff from the beginning, but what the shop wants done with paid orders is done.
func TestTheCommandsForPaidOrdersAlsoRunForOneThatWaitsForStaff(t *testing.T) {
	for version, runs := range map[workflow.Version]int{1: 1, workflow.DefaultVersion: 0} {
		s := openPaid(t, line("mug", 1))
		ran := 0
		s.commanded(func(p activities.RunCommandsParams) (order.Commanded, error) {
			s.Equal(order.ScenarioPaid, p.Scenario)
			ran++
			return order.Commanded{Tags: []string{"vip"}}, nil
		}, order.ScenarioPaid)
		s.placement.Commands.Review = &order.Review{Command: "risk", Version: 2, Reason: "looks odd"}
		s.env.OnGetVersion("paid-commands-of-reviewed", workflow.DefaultVersion, workflow.Version(1)).Return(version)
		var packed *asked
		s.at(2*time.Minute, func() { packed = s.pack("p-1", of("1", 1)) })
		s.at(3*time.Minute, func() {
			s.Equal("command:risk", s.now().Brake.Actor)
			s.ask(saga.ReleaseUpdate, "r-1", saga.HoldRequest{Actor: "support"})
		})
		s.at(4*time.Minute, func() { s.deliver("d-1") })
		s.run()
		s.Equal(saga.VerdictOnHold, packed.Verdict)
		s.Equal(order.StatusDelivered, s.now().Status)
		s.Equal(runs, ran)
	}
}

func TestAnOrderThatStaffReleasedIsOnHoldAgainForAnotherReason(t *testing.T) {
	for version, again := range map[workflow.Version]bool{1: true, workflow.DefaultVersion: false} {
		s := openPaid(t, line("mug", 3))
		s.env.OnGetVersion("another-review", workflow.DefaultVersion, workflow.Version(1)).Return(version)
		reasons := []string{"the first", "the second", "the second"}
		s.commanded(func(p activities.RunCommandsParams) (order.Commanded, error) {
			if p.Events[0].PackageID == "" {
				return order.Commanded{}, nil
			}
			reason := reasons[0]
			reasons = reasons[1:]
			return order.Commanded{Review: &order.Review{Command: "risk", Version: 2, Reason: reason}}, nil
		}, order.ScenarioNode)
		var notes []string
		for i := range 3 {
			at := time.Duration(i+1) * time.Hour
			s.at(at, func() { s.pack(fmt.Sprint("p-", i), of("1", 1)) })
			s.at(at+time.Minute, func() {
				note := ""
				if b := s.now().Brake; b != nil {
					note = b.Note
				}
				notes = append(notes, note)
				s.ask(saga.ReleaseUpdate, fmt.Sprint("r-", i), saga.HoldRequest{Actor: "support"})
			})
		}
		s.at(4*time.Hour, func() { s.deliver("d-1") })
		s.run()
		if again {
			s.Equal([]string{"the first", "the second", ""}, notes, "staff have seen the second, too")
			s.Equal("the second", s.now().Commands.Review.Reason)
		} else {
			s.Equal([]string{"the first", "", ""}, notes)
		}
	}
}

func TestCommandsWithoutAnAnswerLeaveThePaidOrderToStaff(t *testing.T) {
	s := openPaid(t, line("mug", 1))
	s.commanded(func(activities.RunCommandsParams) (order.Commanded, error) {
		return order.Commanded{}, errors.New("no engine")
	}, order.ScenarioPaid)
	s.at(4*time.Minute, func() {
		o := s.now()
		s.Equal(order.ActorSystem, o.Brake.Actor)
		s.Equal(order.RuleCommandsSkipped, o.Alerts[0].Rule)
		s.ask(saga.ReleaseUpdate, "r-1", saga.HoldRequest{Actor: "support"})
	})
	s.at(5*time.Minute, func() { s.deliver("d-1") })
	s.run()
	s.Equal(order.StatusDelivered, s.now().Status)
}

func TestCommandsRunOnceForEachNode(t *testing.T) {
	s := openPaid(t, line("mug", 1))
	seen := map[command.Event]int{}
	s.commanded(func(p activities.RunCommandsParams) (order.Commanded, error) {
		for _, e := range p.Events {
			seen[e]++
		}
		return order.Commanded{}, nil
	}, order.ScenarioNode)
	s.at(2*time.Minute, func() { s.pack("p-1", of("1", 1)) })
	s.at(3*time.Minute, func() { s.scans("p-1", "e-1", order.NodeLeftWarehouse, s.env.Now()) })
	s.at(4*time.Minute, func() { s.scans("p-1", "e-1", order.NodeLeftWarehouse, s.env.Now()) })
	s.at(5*time.Minute, func() { s.scans("p-1", "e-2", order.NodeDelivered, s.env.Now()) })
	s.run()
	for _, n := range []order.Node{order.NodePacked, order.NodeLeftWarehouse, order.NodeDelivered} {
		require.Equal(t, 1, seen[command.Event{Node: n.String(), PackageID: packageID("p-1")}], n)
		require.Equal(t, 1, seen[command.Event{Node: n.String()}], n)
	}
}

func TestCommandsRunForSoManyEventsOfAnOrder(t *testing.T) {
	lines := []order.LineRequest{line("mug", units), line("shirt", units), line("gift", units), line("sticker", units)}
	s := openPaid(t, lines...)
	s.offer("sticker", "EUR", 0)
	events := 0
	s.commanded(func(p activities.RunCommandsParams) (order.Commanded, error) {
		events += len(p.Events)
		return order.Commanded{}, nil
	}, order.ScenarioNode, order.ScenarioCancelled)
	// Each of 40 packages reaches five nodes, and so does the order in the end.
	nodes := []order.Node{order.NodeLeftWarehouse, order.NodeInTransit, order.NodeOutForDelivery, order.NodeDelivered}
	for i := range int64(len(lines)) * units {
		key := fmt.Sprint("p-", i)
		at := time.Hour + 10*time.Minute*time.Duration(i)
		s.at(at, func() { s.pack(key, of(fmt.Sprint(i/units+1), 1)) })
		for n, node := range nodes {
			s.at(at+time.Duration(n+1)*time.Minute, func() { s.scans(key, key+node.String(), node, s.env.Now()) })
		}
	}
	s.run()
	s.Equal(order.StatusDelivered, s.now().Status)
	s.Equal(order.MaxEventRuns, events)
	s.Len(s.now().Alerts, 1)
	s.Equal(order.RuleCommandsSkipped, s.now().Alerts[0].Rule)
}

func TestCommandsRunForAnOrderThatIsCancelledUnpaid(t *testing.T) {
	s := open(t, line("mug", 1))
	s.commanded(func(p activities.RunCommandsParams) (order.Commanded, error) {
		s.Equal(order.ScenarioCancelled, p.Scenario)
		return order.Commanded{Tags: []string{"lost-sale"}}, nil
	}, order.ScenarioCancelled)
	s.at(time.Minute, func() { s.cancel("c-1") })
	s.run()
	s.Equal(order.StatusCancelled, s.now().Status)
	s.Equal([]string{"lost-sale"}, s.document().Commands.Tags)
}

// The parcel with what a gift was given for is refused, and the gift isn't packed yet.
func TestAGiftThatIsNotPackedGoesWithItsLostCause(t *testing.T) {
	for version, gone := range map[workflow.Version]int64{1: 1, workflow.DefaultVersion: 0} {
		s := openPaid(t, line("mug", 2), line("shirt", 1), line("gift", 1))
		s.placement.Commands = &order.Commanded{Gifts: []order.Gift{{Line: 2, Cause: "1", Command: "gift", Version: 1}}}
		s.env.OnGetVersion("gifts-go-with-their-causes", workflow.DefaultVersion, workflow.Version(1)).Return(version)
		for i, key := range []string{"a", "b"} {
			s.at(time.Hour*time.Duration(4*i+1), func() {
				s.packAs(key, order.Package{Items: []order.LineUnits{of("1", 1)}}, order.NodeLeftWarehouse)
			})
			s.at(time.Hour*time.Duration(4*i+2), func() { s.marks(key, "m", order.MarkRefused) })
			s.at(time.Hour*time.Duration(4*i+3), func() { s.resolves(key, order.ResolveRefund) })
			s.at(time.Hour*time.Duration(4*i+4), func() { s.Equal(gone*int64(i), s.now().Lines[2].Removed) })
		}
		s.at(10*time.Hour, func() { s.deliver("d-1") })
		s.run()
		o := s.now()
		s.Equal(order.StatusDelivered, o.Status)
		s.Equal(gone, o.Lines[2].Restocked)
		s.Equal(units-1+gone, s.stockOf("gift").OnHand)
		s.Empty(o.Alerts)
	}
}

// One of two mugs is still on its way when the other one is sent back: the gift for them stays until both are.
func TestAGiftComesBackWithTheLastUnitOfItsCause(t *testing.T) {
	for version, early := range map[workflow.Version]bool{1: false, workflow.DefaultVersion: true} {
		s := openPaid(t, line("mug", 2), line("gift", 1))
		s.placement.Commands = &order.Commanded{Gifts: []order.Gift{{Line: 1, Cause: "1", Command: "gift", Version: 1}}}
		s.env.OnGetVersion("gifts-go-with-their-causes", workflow.DefaultVersion, workflow.Version(1)).Return(version)
		s.at(time.Hour, func() {
			s.packAs("a", order.Package{Items: []order.LineUnits{of("1", 1), of("2", 1)}}, order.NodeDelivered)
		})
		s.at(2*time.Hour, func() { s.packAs("b", order.Package{Items: []order.LineUnits{of("1", 1)}}, order.NodeLeftWarehouse) })
		s.at(3*time.Hour, func() { s.returns("r-1", of("1", 1)) })
		s.at(4*time.Hour, func() {
			first := s.now().Return(saga.ReturnID(orderID, "r-1"))
			s.Len(first.Lines, map[bool]int{false: 1, true: 2}[early])
			s.scans("b", "e", order.NodeDelivered, s.env.Now())
		})
		s.at(5*time.Hour, func() { s.returns("r-2", of("1", 1)) })
		s.at(6*time.Hour, func() {
			last := s.now().Return(saga.ReturnID(orderID, "r-2"))
			s.Len(last.Lines, map[bool]int{false: 2, true: 1}[early])
			s.decides("r-1", false)
			s.decides("r-2", false)
		})
		s.run()
	}
}

func TestAGiftIsCancelledAndReturnedWithItsCause(t *testing.T) {
	s := openPaid(t, line("mug", 2), line("shirt", 1), line("gift", 1))
	s.placement.Commands = &order.Commanded{Gifts: []order.Gift{{Line: 2, Cause: "1", Command: "gift", Version: 1}}}
	s.at(2*time.Minute, func() { s.cancelUnits("c-1", of("1", 1)) })
	s.at(3*time.Minute, func() {
		s.Zero(s.now().Lines[2].Removed, "one mug is left")
		s.cancelUnits("c-2", of("1", 1))
	})
	s.at(4*time.Minute, func() {
		s.Equal(int64(1), s.now().Lines[2].Removed)
		s.deliver("d-1")
	})
	s.run()
	s.Equal(order.StatusDelivered, s.now().Status)
}
