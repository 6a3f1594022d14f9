// Two accounts. The host's own (leases of timers, keys, the deployed package) can be thrown away and made again;
// the app's data cannot, and it holds receipts. Keeping them apart keeps the host's rights away from the receipts' account and its load too.
param hostAccountName string
param dataAccountName string
param location string
param tags object
param dataRedundancy string
param workspaceId string
param protectFromDeletion bool

var packageContainer = 'app-package'

// The same names as in shared/storage; tests/contract/test_infra.py compares.
var tableNames = [
  'transactions'
  'due'
  'packages'
  'causes'
  'storedays'
  'shifts'
  'statements'
  'mappings'
  'stores'
  'audit'
  'releases'
  'checks'
  'wanted'
]

// The poison queues are made here, not on first use, so that they can be seen to be empty.
var queueNames = [
  'mapping-due'
  'mapping-due-poison'
  'posting-due'
  'posting-due-poison'
  'dead-letters'
]

resource hostAccount 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: hostAccountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
  }
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: hostAccount
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: hostBlobs
  name: packageContainer
  properties: {
    publicAccess: 'None'
  }
}

resource dataAccount 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: dataAccountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: dataRedundancy
  }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
  }
}

resource dataTables 'Microsoft.Storage/storageAccounts/tableServices@2024-01-01' = {
  parent: dataAccount
  name: 'default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2024-01-01' = [for tableName in tableNames: {
  parent: dataTables
  name: tableName
}]

resource dataQueues 'Microsoft.Storage/storageAccounts/queueServices@2024-01-01' = {
  parent: dataAccount
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2024-01-01' = [for queueName in queueNames: {
  parent: dataQueues
  name: queueName
}]

// Tables have no soft delete: an account deleted by mistake is gone, and identities are kept for ever.
resource keepData 'Microsoft.Authorization/locks@2020-05-01' = if (protectFromDeletion) {
  scope: dataAccount
  name: 'keep-receipts'
  properties: {
    level: 'CanNotDelete'
    notes: 'Receipts and their identities. Remove this lock only after they have been copied elsewhere.'
  }
}

// Writes to queues are few (a doorbell for a group of receipts, not for each) and are what the poison alert reads.
resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: dataQueues
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
    ]
  }
}

// Reads and writes of tables would cost more than the tables themselves; deletions are rare and answer "who removed it?".
resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: dataTables
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

output hostAccountName string = hostAccount.name
output dataAccountName string = dataAccount.name
output packageContainerName string = packages.name
