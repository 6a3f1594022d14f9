// The vault for the few secrets there are. It is made empty: secrets never pass through a deployment, where they would stay
// in its history and where a stale parameter could undo a rotation. docs/deploy.md says how to set them.
param name string
param location string
param tags object
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // The secret of the keyed hash cannot be asked for again anywhere; nobody may purge it early.
    enablePurgeProtection: true
    publicNetworkAccess: 'Enabled'
  }
}

resource auditLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

output name string = vault.name
