// The function app on Flex Consumption, and its settings.
param planName string
param appName string
param location string
param tags object
param identityName string
param hostAccountName string
param dataAccountName string
param packageContainerName string
param vaultName string
param appInsightsName string
param workspaceId string
param maximumInstanceCount int
param alwaysReadyHttp int
param tillpostEnvironment string
param heartbeatSchedule string
param graceMinutes int
param packageMinutes int
param trackingMinutes int
param settleSeconds int
param silentMinutes int
param lateMinutes int
param refundWaitHours int
param effectHours int
param quietHours string
param digestAt string
param digestZone string
param runbooksUrl string
param highValue int
param dueShards int
param tenantId string
param audience string
param authority string
param keysOfPeople string
param functionKeys string
param d365Url string
param d365EnvironmentId string
param d365MovedFrom string
param d365TenantId string
param d365ClientId string
param d365DataProject string
param d365TaxSign string
param d365ImportOrder string
param d365CashOffice string
param d365TenderDeclarations string

// A reference without a version follows a rotated secret by itself, within a day or at the next refresh.
var secretUri = '${vault.properties.vaultUri}secrets/'

// One sign-in to D365 or the other; never a client id without its secret.
var usesClientSecret = !empty(d365ClientId)
var clientSecretSetting = {
  D365_CLIENT_SECRET: '@Microsoft.KeyVault(SecretUri=${secretUri}d365-client-secret)'
}

var warmInstances = [
  {
    name: 'http'
    instanceCount: alwaysReadyHttp
  }
]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

resource hostAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: hostAccountName
}

resource dataAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: dataAccountName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource appInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: appInsightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    // True means Linux. Flex Consumption takes one app a plan.
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: appName
  location: location
  // azd finds the app of the service "api" in azure.yaml by this tag.
  tags: union(tags, {
    'azd-service-name': 'api'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    // Without this the vault is asked with a system-assigned identity, which this app does not have.
    keyVaultReferenceIdentity: identity.id
    siteConfig: {
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostAccount.properties.primaryEndpoints.blob}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        // One core. Building a package of 7,000 receipts fits; at 512 MB it would not.
        instanceMemoryMB: 2048
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyHttp > 0 ? warmInstances : []
        triggers: {
          http: {
            // Said explicitly: the functions are coroutines that mostly wait, and Python's own default is far lower.
            perInstanceConcurrency: 16
          }
        }
      }
    }
  }
}

// Publishing passwords stay off: deployment goes by Entra identity.
resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

// The whole list: a deployment replaces all settings, so that one made by hand in the portal does not live on unseen.
// Not here on purpose: the clock and the CA file (simulation only), and FUNCTIONS_WORKER_RUNTIME, which Flex Consumption refuses.
resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: union({
    AzureWebJobsStorage__blobServiceUri: hostAccount.properties.primaryEndpoints.blob
    AzureWebJobsStorage__queueServiceUri: hostAccount.properties.primaryEndpoints.queue
    AzureWebJobsStorage__tableServiceUri: hostAccount.properties.primaryEndpoints.table
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identity.properties.clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: appInsights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
    TILLPOST_ENVIRONMENT: tillpostEnvironment
    TILLPOST_STORAGE__tableServiceUri: dataAccount.properties.primaryEndpoints.table
    TILLPOST_STORAGE__queueServiceUri: dataAccount.properties.primaryEndpoints.queue
    TILLPOST_STORAGE__credential: 'managedidentity'
    TILLPOST_STORAGE__clientId: identity.properties.clientId
    TILLPOST_SENDERS: '@Microsoft.KeyVault(SecretUri=${secretUri}tillpost-senders)'
    TILLPOST_TENANT_ID: tenantId
    TILLPOST_AUDIENCE: audience
    TILLPOST_AUTHORITY: authority
    TILLPOST_KEYS_OF_PEOPLE: keysOfPeople
    TILLPOST_FUNCTION_KEYS: functionKeys
    TILLPOST_PEOPLE: '@Microsoft.KeyVault(SecretUri=${secretUri}tillpost-people)'
    TILLPOST_KEYED_HASH_SECRET: '@Microsoft.KeyVault(SecretUri=${secretUri}tillpost-keyed-hash-secret)'
    TILLPOST_HEARTBEAT_SCHEDULE: heartbeatSchedule
    TILLPOST_GRACE_MINUTES: string(graceMinutes)
    TILLPOST_PACKAGE_MINUTES: string(packageMinutes)
    TILLPOST_TRACKING_MINUTES: string(trackingMinutes)
    TILLPOST_SETTLE_SECONDS: string(settleSeconds)
    TILLPOST_SILENT_MINUTES: string(silentMinutes)
    TILLPOST_LATE_MINUTES: string(lateMinutes)
    TILLPOST_REFUND_WAIT_HOURS: string(refundWaitHours)
    TILLPOST_EFFECT_HOURS: string(effectHours)
    TILLPOST_ALERT_CHANNELS: '@Microsoft.KeyVault(SecretUri=${secretUri}tillpost-alert-channels)'
    TILLPOST_QUIET_HOURS: quietHours
    TILLPOST_DIGEST_AT: digestAt
    TILLPOST_DIGEST_ZONE: digestZone
    TILLPOST_RUNBOOKS_URL: runbooksUrl
    TILLPOST_HIGH_VALUE: string(highValue)
    TILLPOST_DUE_SHARDS: string(dueShards)
    D365_URL: d365Url
    D365_ENVIRONMENT_ID: d365EnvironmentId
    D365_MOVED_FROM: d365MovedFrom
    D365_TENANT_ID: d365TenantId
    D365_CLIENT_ID: usesClientSecret ? d365ClientId : identity.properties.clientId
    D365_AUTHORITY: environment().authentication.loginEndpoint
    D365_DATA_PROJECT: d365DataProject
    D365_TAX_SIGN: d365TaxSign
    D365_IMPORT_ORDER: d365ImportOrder
    D365_CASH_OFFICE: d365CashOffice
    D365_TENDER_DECLARATIONS: d365TenderDeclarations
  }, usesClientSecret ? clientSecretSetting : {})
}

// Telemetry begins when the app has started; a host that dies before that leaves its only trace in these logs.
resource hostLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FunctionAppLogs'
        enabled: true
      }
    ]
  }
}

output appName string = app.name
output url string = 'https://${app.properties.defaultHostName}'
