package search

import (
	"slices"
	"strings"

	"holdfast/carrier"
	"holdfast/order"
)

// TrackingNumber returns a tracking number in the form in which it is compared: people write it with
// and without separators.
func TrackingNumber(number string) string {
	if normal, ok := carrier.NormalizeNumber(number); ok {
		return normal
	}
	return strings.ToUpper(strings.TrimSpace(number))
}

// fileGoods notes what can be searched of an order's goods.
func (o *Order) fileGoods(of order.Order) {
	o.Node, o.IsClosed = nodeOf(of), of.Closed()
	o.PackageNodes, o.Marks, o.Carriers, o.TrackingNumbers, o.Alerts = nil, nil, nil, nil, nil
	o.NoNewsSince = of.WaitsSince(order.OverdueNoNews).UTC()
	o.NotPackedSince = of.WaitsSince(order.OverdueNotPacked).UTC()
	for _, a := range of.AllAlerts() {
		o.Alerts = append(o.Alerts, a.Rule)
	}
	o.Alerts = once(o.Alerts)
	o.Tags, o.ReturnStatuses, o.IsOnHold = nil, nil, false
	if of.Commands != nil {
		o.Tags = once(slices.Clone(of.Commands.Tags))
	}
	if of.Fulfilment == nil {
		return
	}
	o.IsOnHold = of.Brake != nil
	for _, r := range of.Returns {
		o.ReturnStatuses = append(o.ReturnStatuses, r.Status)
	}
	o.ReturnStatuses = once(o.ReturnStatuses)
	for i := range of.Packages {
		p := &of.Packages[i]
		if !p.RemovedAt.IsZero() {
			continue
		}
		o.PackageNodes = append(o.PackageNodes, p.Node().String())
		o.Marks = append(o.Marks, p.Marks()...)
		if p.Carrier != "" {
			o.Carriers = append(o.Carriers, p.Carrier)
		}
		for _, n := range p.TrackingNumbers {
			o.TrackingNumbers = append(o.TrackingNumbers, TrackingNumber(n))
		}
	}
	o.PackageNodes, o.Marks = once(o.PackageNodes), once(o.Marks)
	o.Carriers, o.TrackingNumbers = once(o.Carriers), once(o.TrackingNumbers)
}

func nodeOf(of order.Order) string {
	if n := of.FurthestNode(); n != 0 {
		return n.String()
	}
	return ""
}

func once[T ~string](values []T) []T {
	slices.Sort(values)
	return slices.Compact(values)
}
