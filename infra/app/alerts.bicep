// Alarms about the machine itself. What is wrong with receipts is the app's own matter (causes, with an owner each);
// these three fire when the app can no longer say anything.
param location string
param tags object
param workspaceId string
param actionGroupId string

// An empty id leaves the rules without anyone to call; they still show in the portal.
var actionGroups = empty(actionGroupId) ? [] : [
  actionGroupId
]

resource heartbeatSilent 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = {
  name: 'tillpost-heartbeat-silent'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Tillpost: a heartbeat is silent'
    description: 'One of the timers has not succeeded for 15 minutes. Receipts are still accepted if the app answers, but something stands: what is overdue is not picked up, D365 is not followed, its reference data is not read, no day is compiled, or people are not told what waits for them.'
    severity: 1
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    // A new workspace has no such table until the first record arrives, and validation would fail the first deployment.
    skipQueryValidation: true
    autoMitigate: true
    criteria: {
      allOf: [
        {
          // How many of the timers have succeeded: it gives a row with 0 where there is nothing. host.json takes requests out
          // of sampling, so none is missing. The threshold is their number.
          query: '''
            AppRequests
            | where OperationName in ('heart_beat', 'headquarters_moved', 'reference_aged', 'returns_aged', 'day_ended', 'silence_lasted', 'receipts_aged', 'causes_emptied', 'causes_moved', 'alerts_waited', 'release_stood_still', 'time_passed', 'vendors_waited', 'vendors_listed') and Success == true
            | summarize Beats = dcount(OperationName)
          '''
          timeAggregation: 'Total'
          metricMeasureColumn: 'Beats'
          operator: 'LessThan'
          threshold: 14
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: actionGroups
    }
  }
}

resource functionsFailing 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = {
  name: 'tillpost-functions-failing'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Tillpost: functions fail'
    description: 'More than ten runs have failed within 15 minutes. A refused call (4xx) is the caller\'s matter and is not counted; single failures are tried again by themselves.'
    severity: 2
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    skipQueryValidation: true
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: '''
            AppRequests
            | where Success == false and ResultCode !startswith '4'
            | summarize Failures = coalesce(sum(ItemCount), 0)
          '''
          timeAggregation: 'Total'
          metricMeasureColumn: 'Failures'
          operator: 'GreaterThan'
          threshold: 10
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: actionGroups
    }
  }
}

resource messageGivenUp 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = {
  name: 'tillpost-message-given-up'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Tillpost: a message was given up'
    description: 'A doorbell failed five times and went to a poison queue, from where the app makes it a cause for IT and a copy in the queue dead-letters. No receipt is lost, the tables are the list of work and the heartbeat rings again; but something fails every time and is most likely a bug.'
    severity: 2
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    skipQueryValidation: true
    // What failed five times is looked into by a person, so the alert does not go away by itself.
    autoMitigate: false
    muteActionsDuration: 'PT1H'
    criteria: {
      allOf: [
        {
          // The storage service's own log: it does not depend on how the host words its messages.
          query: '''
            StorageQueueLogs
            | where OperationName == 'PutMessage' and StatusText == 'Success' and Uri contains '-poison/'
          '''
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: actionGroups
    }
  }
}
